#include "machine_files.h"

#include <stdlib.h>

#include <fstream>

#include <gtest/gtest.h>

namespace ofsweep {

namespace fs = std::filesystem;

MachineFiles::MachineFiles(const Files& files) {
  std::string path = testing::TempDir() + "/machine-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  root_ = path;
  for (const auto& [name, text] : files) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
}

MachineFiles::~MachineFiles() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

}  // namespace ofsweep
