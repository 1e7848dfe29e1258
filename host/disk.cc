#include "host/disk.h"

#include <sys/statvfs.h>

#include <cerrno>

namespace ofsweep {

std::optional<std::uint64_t> FreeBytesOnDiskOf(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

bool IsNoSpace(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

}  // namespace ofsweep
