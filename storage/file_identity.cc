#include "storage/file_identity.h"

#include <sys/stat.h>

namespace ofsweep {

std::optional<FileIdentity> IdentityOf(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

}  // namespace ofsweep
