#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ofsweep {

// A folder of its own that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Files for a program's standard streams; empty: this process's own stream.
struct ProgramOutput {
  std::string out = {};
  std::string err = {};
};

// Runs a program to its end: its exit code, or minus the signal that killed it. NotFound when it cannot be started.
absl::StatusOr<int> RunProgram(const std::vector<std::string>& command, const ProgramOutput& output = {});

// The last line that is not empty of what a program wrote: of a log, why it ended. "" where there is none.
std::string LastLine(const std::string& file);

}  // namespace ofsweep
