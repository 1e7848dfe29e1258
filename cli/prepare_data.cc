#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/program.h"
#include "experiment/data_folder.h"
#include "experiment/sweep_spec.h"

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

}  // namespace

absl::Status PrepareData(const PrepareOptions& options, Streams streams) {
  const auto file = ReadSpecFile(options.spec);
  if (!file.ok()) return file.status();
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(file->text, file->path, problems);
  std::map<std::string, TrialConfig> distinct;
  if (problems.empty()) distinct = DistinctData(spec, file->path, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));

  const ScratchFolder folder;
  const std::string cache = std::filesystem::absolute(DatasetsFolder(options.data_dir)).string();
  std::size_t done = 0;
  for (const auto& [identity, config] : distinct) {
    streams.out << "data " << ++done << "/" << distinct.size() << ": " << identity << std::endl;
    const std::string trial = (folder.path() / "trial.json").string();
    if (absl::Status status = WriteText(trial, ToNestedJson(config).dump(2) + "\n"); !status.ok()) return status;
    const std::string trainer = ExecutableFolder() + "/ofsweep-trainer";
    const absl::StatusOr<int> end = RunProgram({trainer, "prepare", "--config", trial, "--cache", cache});
    if (!end.ok()) return end.status();
    if (*end != 0) {
      return absl::AbortedError(absl::StrCat("the data could not be prepared: ", trainer, " ", DescribeEnd(*end),
                                             *end > 0 ? "; its last lines above say why" : ""));
    }
  }
  streams.out << "prepared in " << cache << "\n";
  return absl::OkStatus();
}

}  // namespace ofsweep
