#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/unique_fd.h"

namespace ofsweep {

// A folder of its own that is gone with the object. Its constructor throws, naming the folder, where none can be made.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A file in memory, without a name: nothing is left of it however this process ends.
class UnnamedFile {
 public:
  UnnamedFile();

  // Opens it, for this process only.
  std::string path() const;

 private:
  UniqueFd fd_;
};

// Writes a small file; ResourceExhausted names it, and why it cannot be written.
absl::Status WriteText(const std::filesystem::path& file, const std::string& text);

// Files for a program's standard streams; empty: this process's own stream.
struct ProgramOutput {
  std::string out = {};
  std::string err = {};
};

// Runs a program to its end: its exit code, or minus the signal that killed it. SIGTERM is passed on to it when `stop`
// is requested. It is killed when this thread ends, however it ends: call it on one that lives as long as the process.
// NotFound, PermissionDenied or Internal when it cannot be started.
absl::StatusOr<int> RunProgram(const std::vector<std::string>& command, const ProgramOutput& output = {},
                               const std::stop_token& stop = {});

// "exited with code 3" or "was killed by signal 9 (SIGKILL)", of what RunProgram returned.
std::string DescribeEnd(int end);

// The last line that is not empty of what a program wrote: of a log, why it ended. "" where there is none.
std::string LastLine(const std::string& file);

// Of what ofsweep-trainer wrote to standard output: the message of the `failed` event that it ends with, if it does.
std::optional<std::string> ReportedFailure(const std::string& file);

}  // namespace ofsweep
