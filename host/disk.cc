#include "host/disk.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace ofsweep {
namespace {

constexpr std::uint64_t kWrittenInstead = 1 << 20;

}  // namespace

std::optional<std::uint64_t> FreeBytesOnDiskOf(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

bool HasRoomFor(const std::string& folder, std::uint64_t bytes) {
  rlimit limit{};
  // Past it a signal would come.
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes) return false;
  std::string path = folder + "/.room-XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) return !IsNoSpace(errno);
  ::unlink(path.c_str());
  bool has_room = true;
  if (::fallocate(file, 0, 0, static_cast<off_t>(bytes)) != 0) {
    has_room = !IsNoSpace(errno);
    const std::string block(std::min(bytes, kWrittenInstead), '\0');
    if (errno == EOPNOTSUPP) {
      errno = ENOSPC;  // of a write that takes less
      has_room = ::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) || !IsNoSpace(errno);
    }
  }
  // Where writes are buffered, on a network, only this says that there was no room.
  if (::fsync(file) != 0 && IsNoSpace(errno)) has_room = false;
  ::close(file);
  return has_room;
}

bool IsNoSpace(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

}  // namespace ofsweep
