#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ofsweep {

// The control groups whose limits hold for this process: the root, its own, and all between. `root` stands for "/" in
// tests.
struct ControlGroups {
  std::vector<std::filesystem::path> unified;     // of version 2
  std::vector<std::filesystem::path> controller;  // of version 1, of one controller
};

// `controller` as version 1 names it: "cpu", "memory". Folders that are not there have no files, and so no limits: in a
// container the path may be the host's, and then the root is the container's own.
ControlGroups FindControlGroups(const std::string& controller, const std::filesystem::path& root = "/");

}  // namespace ofsweep
