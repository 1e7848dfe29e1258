#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ofsweep {

// A folder of its own for one test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::string File(std::string_view name) const { return (path_ / name).string(); }

  // Writes a file below, with its folders; returns its path.
  std::filesystem::path Write(const std::filesystem::path& relative, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

std::string ReadFile(const std::filesystem::path& path);

}  // namespace ofsweep
