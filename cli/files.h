#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ofsweep {

struct SpecFile {
  std::string text;
  std::string path;  // absolute
};

// The file with what `--set` gave (AddSetSection). InvalidArgument when there is no such readable file, for the user
// named the wrong one, or when it is not UTF-8.
absl::StatusOr<SpecFile> ReadSpecFile(const std::string& path, const std::vector<std::string>& set = {});

// With those above it; InvalidArgument, by `option` that named it, where it cannot be made.
absl::Status MakeNamedFolder(const char* option, const std::string& folder);

// The folder of the running executable: its companions are beside it.
std::string ExecutableFolder();

}  // namespace ofsweep
