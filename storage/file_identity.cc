#include "storage/file_identity.h"

namespace ofsweep {

FileIdentity IdentityOf(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

std::optional<FileIdentity> IdentityOf(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return IdentityOf(status);
}

}  // namespace ofsweep
