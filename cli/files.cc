#include "cli/files.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace ofsweep {

absl::StatusOr<SpecFile> ReadSpecFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder; name a sweep file (YAML)"));
  }
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    if (stream.is_open() && stream.eof()) return absl::InvalidArgumentError(absl::StrCat(path, ": is empty"));
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read; is the path right?"));
  }
  return SpecFile{.text = text.str(), .path = std::filesystem::absolute(path).lexically_normal().string()};
}

std::string ExecutableFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace ofsweep
