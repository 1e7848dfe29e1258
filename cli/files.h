#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

struct SpecFile {
  std::string text;
  std::string path;  // absolute
};

// InvalidArgument when there is no such readable file: the user named the wrong one.
absl::StatusOr<SpecFile> ReadSpecFile(const std::string& path);

// The folder of the running executable: its companions are beside it.
std::string ExecutableFolder();

}  // namespace ofsweep
