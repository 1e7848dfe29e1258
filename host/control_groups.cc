#include "host/control_groups.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_split.h"
#include "host/kernel_file.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FoldersAlong(const fs::path& mount, const std::string& path) {
  std::vector<fs::path> folders = {mount};
  for (const absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    folders.push_back(folders.back() / std::string(part));
  }
  return folders;
}

}  // namespace

ControlGroups FindControlGroups(const std::string& controller, const fs::path& root) {
  ControlGroups groups;
  const fs::path mount = root / "sys/fs/cgroup";
  const std::string text = ReadText(root / "proc/self/cgroup");
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));  // id:controllers:path
    if (fields.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (fields[0] == "0") {
      // Where both versions are mounted, the second has a folder of its own.
      std::error_code ignored;
      const bool hybrid = fs::exists(mount / "unified", ignored);
      groups.unified = FoldersAlong(hybrid ? mount / "unified" : mount, fields[2]);
    } else if (std::find(controllers.begin(), controllers.end(), controller) != controllers.end()) {
      groups.controller = FoldersAlong(mount / controller, fields[2]);
    }
  }
  return groups;
}

}  // namespace ofsweep
