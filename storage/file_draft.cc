#include "storage/file_draft.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/file_identity.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// Absolute, because SQLite may read "file:…" as a URI.
std::string DraftOf(const std::string& target) {
  const fs::path path = fs::absolute(target);
  return (path.parent_path() / absl::StrCat(".", path.filename().string(), ".ofsweep-draft")).string();
}

}  // namespace

FileDraft::FileDraft(std::string target, std::string advice)
    : target_(std::move(target)), advice_(std::move(advice)), path_(DraftOf(target_)) {}

FileDraft::~FileDraft() {
  if (is_mine_) ::unlink(path_.c_str());
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::unique_ptr<FileDraft>> FileDraft::Begin(const std::string& target, const std::string& advice,
                                                            bool (*is_leftover)(int fd)) {
  std::unique_ptr<FileDraft> draft(new FileDraft(target, advice));
  if (absl::Status status = draft->RemoveLeftover(is_leftover); !status.ok()) return status;
  draft->fd_ = ::open(draft->path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (draft->fd_ < 0) return errno == EEXIST ? draft->AnotherWrites() : draft->CannotWrite(std::strerror(errno));
  struct stat opened {};
  draft->is_mine_ = ::flock(draft->fd_, LOCK_EX | LOCK_NB) == 0 && ::fstat(draft->fd_, &opened) == 0 &&
                    IdentityOf(opened) == IdentityOf(draft->path_);
  if (!draft->is_mine_) return draft->AnotherWrites();
  return draft;
}

// Takes away the draft that a killed process has left, and nothing else: whatever has its name but is a link, or no
// leftover, is somebody's.
absl::Status FileDraft::RemoveLeftover(bool (*is_leftover)(int fd)) const {
  const int fd = ::open(path_.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const int error = errno;
  const absl::Status removed = fd < 0 ? WhyNotOpened(error) : RemoveOpened(fd, is_leftover);
  if (fd >= 0) ::close(fd);
  return removed;
}

absl::Status FileDraft::WhyNotOpened(int error) const {
  if (error == ENOENT) return absl::OkStatus();
  const bool is_no_file = error == ELOOP || error == EISDIR || error == ENXIO;
  return is_no_file ? IsSomebodys() : CannotWrite(absl::StrCat(path_, ": ", std::strerror(error)));
}

absl::Status FileDraft::RemoveOpened(int fd, bool (*is_leftover)(int fd)) const {
  struct stat opened {};
  if (::fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode) || opened.st_nlink > 1 || !is_leftover(fd)) {
    return IsSomebodys();
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || IdentityOf(opened) != IdentityOf(path_)) return AnotherWrites();
  return ::unlink(path_.c_str()) == 0 ? absl::OkStatus() : CannotWrite(std::strerror(errno));
}

absl::Status FileDraft::IsSomebodys() const {
  return absl::FailedPreconditionError(absl::StrCat(
      path_, ": lies where ", target_,
      " is written before it gets its name, and is nothing that was left unfinished; move it away", advice_));
}

absl::Status FileDraft::AnotherWrites() const {
  return absl::UnavailableError(
      absl::StrCat(target_, ": another `ofsweep` command is writing it; let that one end, or stop it", advice_));
}

absl::Status FileDraft::CannotWrite(const std::string& why) const {
  return absl::ResourceExhaustedError(
      absl::StrCat(target_, ": cannot be written (", why,
                   "); what was there before stays as it was. Free space there, or make its folder writable", advice_));
}

// NOLINTNEXTLINE(readability-make-member-function-const): the file is what it changes
absl::Status FileDraft::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd_, bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) return CannotWrite(std::strerror(errno));
    if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return absl::OkStatus();
}

// NOLINTNEXTLINE(readability-make-member-function-const): the file is what it changes
absl::Status FileDraft::Sync() {
  return ::fsync(fd_) == 0 ? absl::OkStatus() : CannotWrite(std::strerror(errno));
}

absl::Status FileDraft::TakePlace() {
  if (absl::Status synced = Sync(); !synced.ok()) return synced;
  if (::rename(path_.c_str(), target_.c_str()) != 0) return CannotWrite(std::strerror(errno));
  is_mine_ = false;
  const int folder = ::open(fs::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = folder >= 0 && ::fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (is_synced) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(target_, ": has been replaced, but its folder cannot be synced (",
                                          std::strerror(error),
                                          "): should the machine lose power now, the file of before may be back. Make "
                                          "the folder readable, check its disk, and do it again"));
}

}  // namespace ofsweep
