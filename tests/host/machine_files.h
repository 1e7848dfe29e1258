#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tests/temporary_folder.h"

namespace ofsweep {

// A folder that stands for "/", with the files by which a kernel tells of itself. Gone with the object.
class MachineFiles {
 public:
  using Files = std::map<std::string, std::string>;  // text by path

  explicit MachineFiles(const Files& files) {
    for (const auto& [name, text] : files) folder_.Write(name, text);
  }

  const std::filesystem::path& root() const { return folder_.path(); }

 private:
  const TemporaryFolder folder_;
};

}  // namespace ofsweep
