#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace ofsweep {

// A folder that stands for "/", with the files by which a kernel tells of itself. Gone with the object.
class MachineFiles {
 public:
  using Files = std::map<std::string, std::string>;  // text by path

  explicit MachineFiles(const Files& files);
  ~MachineFiles();
  MachineFiles(const MachineFiles&) = delete;
  MachineFiles& operator=(const MachineFiles&) = delete;

  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

}  // namespace ofsweep
