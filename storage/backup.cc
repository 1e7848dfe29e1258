#include "storage/backup.h"

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/database_connection.h"
#include "storage/database_copy.h"
#include "storage/reader_connection.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

absl::Status CheckTarget(const std::string& database, const std::string& copy) {
  std::error_code error;
  if (copy.empty()) return absl::InvalidArgumentError("--to: is empty; name the file that becomes the copy");
  if (fs::is_directory(copy, error)) {
    return absl::FailedPreconditionError(absl::StrCat(copy, ": is a folder; name a file in it with --to, like ",
                                                      (fs::path(copy) / "ofsweep.db").string()));
  }
  const fs::path folder = fs::absolute(copy).parent_path();
  if (!fs::is_directory(folder, error)) {
    return absl::NotFoundError(
        absl::StrCat(copy, ": there is no folder ", folder.string(), "; make it, or give another --to"));
  }
  const fs::path target = fs::weakly_canonical(copy, error);
  const std::string file = fs::weakly_canonical(database, error).string();
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    if (target != fs::path(file + suffix)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(copy, ": this is the database itself; give the copy another name with --to"));
  }
  if (!fs::exists(copy, error)) return absl::OkStatus();
  if (!fs::is_regular_file(copy, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(copy, ": is no regular file (a device, a pipe or a socket); give another --to"));
  }
  if (fs::equivalent(copy, database, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(copy, ": this is the database itself under another name; give another --to"));
  }
  if (fs::exists(copy + "-wal", error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(copy, ": this is a database in use, not a copy; give another --to"));
  }
  if (!IsOfsweepDatabase(copy)) {
    return absl::FailedPreconditionError(
        absl::StrCat(copy, ": this file is no copy of an ofsweep database; move it away, or give another --to"));
  }
  return absl::OkStatus();
}

std::int64_t DataVersion(DatabaseConnection& connection) {
  Query query(connection.Prepare("PRAGMA data_version"));
  query.Next();
  return query.Integer(0);
}

}  // namespace

Backup::Backup(std::string database, std::string copy) : database_(std::move(database)), copy_(std::move(copy)) {}

Backup::~Backup() = default;

absl::Status Backup::Connect() {
  const std::optional<FileIdentity> file = IdentityOf(database_);
  if (connection_ != nullptr && file && file == file_) return absl::OkStatus();
  // A file that is refused must not stay connected: the next Copy() would take it for checked.
  auto connection = OpenToRead(database_, CheckSchema);
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  file_ = file;
  copied_version_.reset();
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Backup::Version() {
  try {
    return DataVersion(*connection_);
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, connection_->handle(), database_);
  }
}

absl::StatusOr<bool> Backup::Copy() {
  if (absl::Status status = Connect(); !status.ok()) return status;
  // Before the copy: what is written meanwhile is in the next one.
  const absl::StatusOr<std::int64_t> version = Version();
  if (!version.ok()) return version.status();
  if (copied_version_ == *version && IdentityOf(copy_)) return false;

  const auto draft = BeginDatabase(copy_, ", or give another --to");
  if (!draft.ok()) return draft.status();
  if (absl::Status status = CopyDatabase(connection_->database(), database_, **draft); !status.ok()) return status;
  if (absl::Status status = (*draft)->TakePlace(); !status.ok()) return status;
  copied_version_ = *version;
  return true;
}

std::uint64_t Backup::CopyBytes() const {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(copy_, error);
  return error ? 0 : bytes;
}

absl::StatusOr<std::unique_ptr<Backup>> Backup::Open(const std::string& database, const std::string& copy) {
  std::unique_ptr<Backup> backup(new Backup(database, copy));
  if (absl::Status status = backup->Connect(); !status.ok()) return status;
  if (absl::Status status = CheckTarget(database, copy); !status.ok()) return status;
  return backup;
}

}  // namespace ofsweep
