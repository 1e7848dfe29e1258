#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

namespace ofsweep {

// Which file a path names now: another one after it was replaced.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

FileIdentity IdentityOf(const struct stat& status);
// None where there is no file.
std::optional<FileIdentity> IdentityOf(const std::string& path);

}  // namespace ofsweep
