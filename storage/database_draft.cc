#include "storage/database_draft.h"

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

#include "absl/strings/str_cat.h"
#include "storage/file_identity.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

bool IsOfsweepHeader(const char (&header)[100]) {
  if (std::memcmp(header, "SQLite format 3", 16) != 0) return false;
  // The file format's big-endian "Application ID" (sqlite.org/fileformat.html).
  std::int64_t application_id = 0;
  for (int i = 68; i < 72; ++i) application_id = application_id << 8 | static_cast<unsigned char>(header[i]);
  return application_id == kApplicationId;
}

// What VACUUM INTO leaves when it is killed: it writes the first page, which says whose the file is, among the last.
bool IsUnfinished(int fd) {
  char header[100] = {};
  const ssize_t size = ::pread(fd, header, sizeof header, 0);
  const bool zeros = std::all_of(std::begin(header), std::end(header), [](char byte) { return byte == 0; });
  return size == 0 || (size > 0 && (zeros || IsOfsweepHeader(header)));
}

}  // namespace

std::string DraftOf(const std::string& target) {
  const fs::path path = fs::absolute(target);
  return (path.parent_path() / absl::StrCat(".", path.filename().string(), ".ofsweep-draft")).string();
}

bool IsOfsweepDatabase(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char header[100] = {};
  file.read(header, sizeof header);
  return file && IsOfsweepHeader(header);
}

DatabaseDraft::DatabaseDraft(std::string target, std::string advice)
    : target_(std::move(target)), advice_(std::move(advice)), path_(DraftOf(target_)) {}

DatabaseDraft::~DatabaseDraft() {
  if (is_mine_) ::unlink(path_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::unique_ptr<DatabaseDraft>> DatabaseDraft::Begin(const std::string& target,
                                                                    const std::string& advice) {
  std::unique_ptr<DatabaseDraft> draft(new DatabaseDraft(target, advice));
  if (absl::Status status = draft->RemoveLeftover(); !status.ok()) return status;
  draft->fd_ = ::open(draft->path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (draft->fd_ < 0) return errno == EEXIST ? draft->AnotherWrites() : draft->CannotWrite(std::strerror(errno));
  struct stat opened {};
  draft->is_mine_ = ::flock(draft->fd_, LOCK_EX | LOCK_NB) == 0 && ::fstat(draft->fd_, &opened) == 0 &&
                    IdentityOf(opened) == IdentityOf(draft->path_);
  if (!draft->is_mine_) return draft->AnotherWrites();
  return draft;
}

// Takes away the draft that a killed process has left, and nothing else: whatever has its name but is a link, or no
// unfinished copy, is somebody's.
absl::Status DatabaseDraft::RemoveLeftover() const {
  const int fd = ::open(path_.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const int error = errno;
  const absl::Status removed = fd < 0 ? WhyNotOpened(error) : RemoveOpened(fd);
  if (fd >= 0) ::close(fd);
  return removed;
}

absl::Status DatabaseDraft::WhyNotOpened(int error) const {
  if (error == ENOENT) return absl::OkStatus();
  const bool is_no_file = error == ELOOP || error == EISDIR || error == ENXIO;
  return is_no_file ? IsSomebodys() : CannotWrite(absl::StrCat(path_, ": ", std::strerror(error)));
}

absl::Status DatabaseDraft::RemoveOpened(int fd) const {
  struct stat opened {};
  if (::fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode) || opened.st_nlink > 1 || !IsUnfinished(fd)) {
    return IsSomebodys();
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || IdentityOf(opened) != IdentityOf(path_)) return AnotherWrites();
  return ::unlink(path_.c_str()) == 0 ? absl::OkStatus() : CannotWrite(std::strerror(errno));
}

absl::Status DatabaseDraft::IsSomebodys() const {
  return absl::FailedPreconditionError(absl::StrCat(
      path_, ": lies where ", target_,
      " is written before it gets its name, and is no database that was left unfinished; move it away", advice_));
}

absl::Status DatabaseDraft::AnotherWrites() const {
  return absl::UnavailableError(
      absl::StrCat(target_, ": another `ofsweep db` command is writing it; let that one end, or stop it", advice_));
}

absl::Status DatabaseDraft::CannotWrite(const std::string& why) const {
  return absl::ResourceExhaustedError(
      absl::StrCat(target_, ": cannot be written (", why,
                   "); what was there before stays as it was. Free space there, or make its folder writable", advice_));
}

absl::Status DatabaseDraft::CopyFrom(SQLite::Database& source, const std::string& source_path) {
  sqlite3_extended_result_codes(source.getHandle(), 1);  // which of the two files failed
  // VACUUM INTO takes a file that is there only when it is empty, which a new one is.
  try {
    SQLite::Statement vacuum(source, "VACUUM INTO ?1");
    vacuum.bind(1, path_);
    vacuum.exec();
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    return CannotCopy(error, source.getHandle(), source_path);
  }
}

// SQLite says which of the two files it failed on only where it failed to write or to read.
absl::Status DatabaseDraft::CannotCopy(const SQLite::Exception& error, sqlite3* connection,
                                       const std::string& source) const {
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
      return CannotWrite(error.what());
    case SQLITE_IOERR_READ:
      return ToStatus(error, connection, source);
    default:
      break;
  }
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return absl::InternalError(absl::StrCat(
          target_, ": ", source, " cannot be copied there (", error.what(), ", SQLite code ", error.getErrorCode(),
          "); what was there before stays as it was. Check the disks and folders of both", advice_));
    default:
      return ToStatus(error, connection, source);
  }
}

absl::Status DatabaseDraft::TakePlace() {
  if (::fsync(fd_) != 0) return CannotWrite(std::strerror(errno));
  if (::rename(path_.c_str(), target_.c_str()) != 0) return CannotWrite(std::strerror(errno));
  is_mine_ = false;
  const int folder = ::open(fs::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (synced) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(target_, ": has been replaced, but its folder cannot be synced (",
                                          std::strerror(error),
                                          "): should the machine lose power now, the file of before may be back. Make "
                                          "the folder readable, check its disk, and do it again"));
}

}  // namespace ofsweep
