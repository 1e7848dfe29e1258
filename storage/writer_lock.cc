#include "storage/writer_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

std::string ReadHolder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size() - 1, 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "unknown";
}

// Of the file itself, whatever link it is named by.
std::string LockPathOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path file = std::filesystem::weakly_canonical(path, error);
  return (error ? path : file.string()) + ".lock";
}

absl::Status CannotMake(const std::string& lock_path, int error) {
  return absl::PermissionDeniedError(
      absl::StrCat(lock_path, ": cannot be made (", std::strerror(error),
                   "); make its folder writable for this user, or give another --data-dir"));
}

}  // namespace

std::string WriterOf(const std::string& path) {
  const int descriptor = ::open(LockPathOf(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "";
  // A shared lock, which another that asks may have as well, for the moment until the file is closed.
  const bool is_free = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0;
  std::string holder = is_free ? "" : ReadHolder(descriptor);
  ::close(descriptor);
  return holder;
}

absl::StatusOr<std::unique_ptr<WriterLock>> WriterLock::Acquire(const std::string& path) {
  const std::string lock_path = LockPathOf(path);
  const int descriptor = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return CannotMake(lock_path, errno);
  std::unique_ptr<WriterLock> lock(new WriterLock(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return absl::InternalError(absl::StrCat(lock_path, ": flock: ", std::strerror(errno)));
    return absl::UnavailableError(absl::StrCat(path, ": another coordinator (process ", ReadHolder(descriptor),
                                               ") is writing this database; stop it, or give another --data-dir"));
  }
  // The process id is only for the message above, so a disk that is too full to hold it is no reason to stop.
  const std::string holder = absl::StrCat(::getpid());
  if (::ftruncate(descriptor, 0) == 0) [[maybe_unused]]
    const ssize_t written = ::pwrite(descriptor, holder.data(), holder.size(), 0);
  return lock;
}

WriterLock::~WriterLock() {
  ::close(descriptor_);
}

}  // namespace ofsweep
