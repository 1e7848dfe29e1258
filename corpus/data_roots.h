#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "corpus/regular_file.h"
#include "host/unique_fd.h"

namespace ofsweep {

// The folders beneath which a program may open what a sweep names: who may submit to a worker must not be able to open
// any file of its user. Every file that a trial names is opened here and nowhere else. A copy is cheap.
class DataRoots {
 public:
  // All that this user can read.
  DataRoots() = default;

  // Only what lies beneath these folders; an empty name is none. They are opened now, and one that cannot be opened
  // says so where a path asks for it.
  explicit DataRoots(std::span<const std::string> folders);

  // A regular file. Symbolic links and ".." are followed as long as they stay beneath the folders; where they lead out,
  // nothing is looked at, so that the answer tells nothing of what is there. The descriptor is of the very file that
  // was found beneath them, whatever happens to the path meanwhile. Errors name the path and how to mend it:
  // PermissionDenied where it is not beneath the folders, NotFound where there is nothing, FailedPrecondition where it
  // is no regular file or cannot be read.
  absl::StatusOr<RegularFile> Open(const std::filesystem::path& path) const;

  // The same of anything, a file, a folder or a device: a descriptor of O_PATH, which reads nothing and blocks nowhere.
  absl::StatusOr<UniqueFd> Find(const std::filesystem::path& path) const;

 private:
  struct Root;
  class Walk;

  std::shared_ptr<const std::vector<Root>> roots_;  // null: all
};

// Of an errno: NotFound or FailedPrecondition, with the path and what to do.
absl::Status CannotBeRead(const std::filesystem::path& path, int error);

}  // namespace ofsweep
