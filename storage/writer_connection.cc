#include "storage/writer_connection.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

absl::Status MakeFolder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat(folder.string(), ": the folder cannot be made (", error.message(), "); give another --data-dir"));
}

absl::Status Prepare(DatabaseConnection& connection, const StoreOptions& options) {
  if (absl::Status schema = MigrateSchema(connection, options.path); !schema.ok()) return schema;
  Query journal(connection.Prepare("PRAGMA journal_mode = WAL"));
  if (journal.Next() && journal.Text(0) != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat(options.path,
                     ": the file system has no shared memory, which SQLite's write-ahead log needs (a network share?); "
                     "give a --data-dir on a local disk"));
  }
  // Debian's SQLite overwrites deleted rows by default, which doubles the cost of sealing.
  connection.Execute("PRAGMA secure_delete = OFF");
  // After one huge commit the WAL is cut back to this.
  connection.Execute("PRAGMA journal_size_limit = 67108864");
  connection.Execute(options.durability == Durability::kFull ? "PRAGMA synchronous = FULL"
                                                             : "PRAGMA synchronous = NORMAL");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WriterConnection> OpenToWrite(const StoreOptions& options) {
  if (absl::Status folder = MakeFolder(options.path); !folder.ok()) return folder;
  absl::StatusOr<std::unique_ptr<WriterLock>> lock = WriterLock::Acquire(options.path);
  if (!lock.ok()) return lock.status();
  WriterConnection opened{.lock = *std::move(lock), .connection = nullptr};
  try {
    opened.connection = std::make_unique<DatabaseConnection>(options.path, DatabaseConnection::Mode::kWriter);
    if (absl::Status ready = Prepare(*opened.connection, options); !ready.ok()) return ready;
    return opened;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, opened.connection == nullptr ? nullptr : opened.connection->handle(), options.path);
  }
}

}  // namespace ofsweep
