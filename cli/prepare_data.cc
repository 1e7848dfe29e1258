#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "experiment/sweep_spec.h"

extern char** environ;

namespace ofsweep {
namespace {

// One trial for each distinct data configuration: all that the trainer's tokens depend on.
std::map<std::string, TrialConfig> DistinctData(const SweepSpec& spec, const std::string& file,
                                                std::vector<Problem>& problems) {
  std::map<std::string, TrialConfig> distinct;
  ExpandSweep(spec, file, problems, [&](PlannedTrial trial) {
    std::string identity;
    for (const TrialKey& key : TrialKeys()) {
      if (key.name.starts_with("data.") && key.name != "data.order" && !trial.config.IsInert(key)) {
        absl::StrAppend(&identity, std::string(key.name), "=", ToText(trial.config.Get(key.name)), " ");
      }
    }
    distinct.emplace(identity, std::move(trial.config));
  });
  return distinct;
}

// A folder of its own that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "ofsweep-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr)
      throw std::filesystem::filesystem_error("mkdtemp", path, {errno, std::generic_category()});
    path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Runs a program with this process's standard streams and waits for it.
absl::Status RunProgram(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ);
  if (error != 0) return absl::NotFoundError(absl::StrCat("cannot start ", command[0], ": ", std::strerror(error)));
  int state = 0;
  while (waitpid(pid, &state, 0) < 0) {
    if (errno != EINTR)
      return absl::InternalError(absl::StrCat("waiting for ", command[0], ": ", std::strerror(errno)));
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("the data could not be prepared: ", command[0],
                                         WIFEXITED(state) ? absl::StrCat(" exited with ", WEXITSTATUS(state))
                                                          : absl::StrCat(" was killed by signal ", WTERMSIG(state)),
                                         "; its last lines above say why"));
}

}  // namespace

absl::Status PrepareData(const PrepareOptions& options, Streams streams) {
  const auto file = ReadSpecFile(options.spec);
  if (!file.ok()) return file.status();
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(file->text, file->path, problems);
  std::map<std::string, TrialConfig> distinct;
  if (problems.empty()) distinct = DistinctData(spec, file->path, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));

  const TemporaryFolder folder;
  const std::string cache = std::filesystem::absolute(std::filesystem::path(options.data_dir) / "datasets").string();
  std::size_t done = 0;
  for (const auto& [identity, config] : distinct) {
    streams.out << "data " << ++done << "/" << distinct.size() << ": " << identity << std::endl;
    const std::string trial = (folder.path() / "trial.json").string();
    std::ofstream(trial) << ToNestedJson(config).dump(2) << "\n";
    const absl::Status status =
        RunProgram({ExecutableFolder() + "/ofsweep-trainer", "prepare", "--config", trial, "--cache", cache});
    if (!status.ok()) return status;
  }
  streams.out << "prepared in " << cache << "\n";
  return absl::OkStatus();
}

}  // namespace ofsweep
