#include "storage/reader_connection.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "storage/sqlite_status.h"

namespace ofsweep {

absl::StatusOr<std::unique_ptr<DatabaseConnection>> OpenToRead(const std::string& path,
                                                               absl::Status (*check)(DatabaseConnection&,
                                                                                     const std::string&)) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat("there is no database ", path,
                                            "; give the data folder of a sweep (--data-dir), or a database file"));
  }
  std::unique_ptr<DatabaseConnection> connection;
  try {
    connection = std::make_unique<DatabaseConnection>(path, DatabaseConnection::Mode::kReader);
    if (absl::Status known = check(*connection, path); !known.ok()) return known;
    return connection;
  } catch (const SQLite::Exception& exception) {
    return ToStatus(exception, connection == nullptr ? nullptr : connection->handle(), path);
  }
}

}  // namespace ofsweep
