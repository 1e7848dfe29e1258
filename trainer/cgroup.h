#pragma once

#include <filesystem>
#include <vector>

namespace ofsweep {

// The cgroup v2 folders whose limits hold for this process: the root, its own, and all between. Empty where cgroups are
// of version 1.
std::vector<std::filesystem::path> CgroupFolders();

}  // namespace ofsweep
