#include "storage/backup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/database_connection.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// Closed at the end of its scope, and with it the lock on the file.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// 0 when there is no such file.
std::uint64_t FileId(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

absl::Status CannotWrite(const std::string& copy, const std::string& why) {
  return absl::ResourceExhaustedError(absl::StrCat(
      copy, ": the copy cannot be written (", why,
      "); an earlier one stays as it was. Free space there, make its folder writable, or give another --to"));
}

bool IsCopyHeader(const char (&header)[100]) {
  if (std::memcmp(header, "SQLite format 3", 16) != 0) return false;
  // The file format's big-endian "Application ID" (sqlite.org/fileformat.html).
  std::int64_t application_id = 0;
  for (int i = 68; i < 72; ++i) application_id = application_id << 8 | static_cast<unsigned char>(header[i]);
  return application_id == kApplicationId;
}

bool IsCopy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char header[100] = {};
  file.read(header, sizeof header);
  return file && IsCopyHeader(header);
}

// What VACUUM INTO leaves when it is killed: it writes the first page, which says whose the file is, among the last.
bool IsUnfinishedCopy(int fd) {
  char header[100] = {};
  const ssize_t size = ::pread(fd, header, sizeof header, 0);
  const bool zeros = std::all_of(std::begin(header), std::end(header), [](char byte) { return byte == 0; });
  return size == 0 || (size > 0 && (zeros || IsCopyHeader(header)));
}

// Beside the copy, hidden, and of a name that nothing else has.
std::string DraftOf(const std::string& copy) {
  const fs::path path = fs::absolute(copy);
  return (path.parent_path() / absl::StrCat(".", path.filename().string(), ".ofsweep-draft")).string();
}

absl::Status AnotherWrites(const std::string& copy) {
  return absl::UnavailableError(
      absl::StrCat(copy, ": another `ofsweep db backup` is writing it; stop that one, or give another --to"));
}

// Takes away the draft that a killed backup has left, and nothing else: whatever has its name but is a link, or no
// unfinished copy, is somebody's.
absl::Status RemoveLeftover(const std::string& draft, const std::string& copy) {
  const Descriptor file(::open(draft.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return absl::OkStatus();
  const bool no_file = file.get() < 0 && (errno == ELOOP || errno == EISDIR || errno == ENXIO);
  if (file.get() < 0 && !no_file) return CannotWrite(copy, absl::StrCat(draft, ": ", std::strerror(errno)));
  struct stat opened {};
  if (no_file || ::fstat(file.get(), &opened) != 0 || !S_ISREG(opened.st_mode) || opened.st_nlink > 1 ||
      !IsUnfinishedCopy(file.get())) {
    return absl::FailedPreconditionError(
        absl::StrCat(draft,
                     ": lies where a copy is written before it gets its name, and is no copy that a backup left "
                     "unfinished; move it away, or give another --to"));
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || opened.st_ino != FileId(draft)) return AnotherWrites(copy);
  return ::unlink(draft.c_str()) == 0 ? absl::OkStatus() : CannotWrite(copy, std::strerror(errno));
}

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
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    if (target != fs::weakly_canonical(database + suffix, error)) continue;
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
  if (!IsCopy(copy)) {
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

absl::Status SyncFolderOf(const std::string& path) {
  const Descriptor folder(::open(fs::absolute(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0 && ::fsync(folder.get()) == 0) return absl::OkStatus();
  return CannotWrite(path, std::strerror(errno));
}

// SQLite says which of the two files it failed on only where it failed to write or to read.
absl::Status CannotCopy(const SQLite::Exception& error, sqlite3* connection, const std::string& database,
                        const std::string& copy) {
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
      return CannotWrite(copy, error.what());
    case SQLITE_IOERR_READ:
      return ToStatus(error, connection, database);
    default:
      break;
  }
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return absl::InternalError(absl::StrCat(
          copy, ": ", database, " cannot be copied there (", error.what(), ", SQLite code ", error.getErrorCode(),
          "); an earlier copy stays as it was. Check the disks and folders of both, or give another --to"));
    default:
      return ToStatus(error, connection, database);
  }
}

}  // namespace

Backup::Backup(std::string database, std::string copy) : database_(std::move(database)), copy_(std::move(copy)) {}

Backup::~Backup() = default;

absl::Status Backup::Connect() {
  const std::uint64_t file_id = FileId(database_);
  if (file_id == 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no database ", database_, "; give the folder of a sweep with --data-dir"));
  }
  if (connection_ != nullptr && file_id == file_id_) return absl::OkStatus();
  // A file that is refused must not stay connected: the next Copy() would take it for checked.
  std::unique_ptr<DatabaseConnection> connection;
  try {
    connection = std::make_unique<DatabaseConnection>(database_, DatabaseConnection::Mode::kReader);
    sqlite3_extended_result_codes(connection->handle(), 1);  // which of the two files failed
    if (absl::Status status = CheckSchema(*connection, database_); !status.ok()) return status;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, connection == nullptr ? nullptr : connection->handle(), database_);
  }
  connection_ = std::move(connection);
  file_id_ = file_id;
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
  if (copied_version_ == *version && FileId(copy_) != 0) return false;

  const std::string draft = DraftOf(copy_);
  if (absl::Status status = RemoveLeftover(draft, copy_); !status.ok()) return status;
  const Descriptor file(::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (file.get() < 0) return errno == EEXIST ? AnotherWrites(copy_) : CannotWrite(copy_, std::strerror(errno));
  struct stat opened {};
  const bool mine = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(file.get(), &opened) == 0 &&
                    opened.st_ino == FileId(draft);
  if (!mine) return AnotherWrites(copy_);
  absl::Status status = WriteDraft(draft);
  if (status.ok() && ::fsync(file.get()) != 0) status = CannotWrite(copy_, std::strerror(errno));
  if (status.ok() && ::rename(draft.c_str(), copy_.c_str()) != 0) status = CannotWrite(copy_, std::strerror(errno));
  if (!status.ok()) {
    ::unlink(draft.c_str());
    return status;
  }
  if (status = SyncFolderOf(copy_); !status.ok()) return status;
  copied_version_ = *version;
  return true;
}

absl::Status Backup::WriteDraft(const std::string& draft) {
  // VACUUM INTO takes a file that is there only when it is empty, which a new one is.
  try {
    SQLite::Statement vacuum(connection_->database(), "VACUUM INTO ?1");
    vacuum.bind(1, draft);
    vacuum.exec();
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    return CannotCopy(error, connection_->handle(), database_, copy_);
  }
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
