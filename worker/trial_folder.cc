#include "worker/trial_folder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/data_folder.h"
#include "worker/host.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// By their steps, newest first.
std::map<std::int64_t, fs::path, std::greater<>> CheckpointFiles(const std::string& trial_path) {
  auto files = ListCheckpoints(trial_path);
  std::error_code ignored;
  std::erase_if(files, [&](const auto& entry) { return !fs::is_regular_file(entry.second, ignored); });
  return files;
}

// An attempt that checkpoints in the folder descend from, and the step of the checkpoint that it continued.
struct Ancestor {
  std::uint64_t generation = 0;
  std::int64_t from_step = 0;
};

std::vector<Ancestor> ReadLineage(const std::string& trial_path) {
  std::vector<Ancestor> lineage;
  std::ifstream file(LineagePath(trial_path));
  for (Ancestor next; file >> next.generation >> next.from_step;) lineage.push_back(next);
  return lineage;
}

absl::Status WriteError(const std::string& path) {
  return absl::ResourceExhaustedError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno),
                                                   "; free some space there, or give the worker another --data-dir"));
}

absl::Status Remove(const fs::path& checkpoint) {
  std::error_code error;
  fs::remove(checkpoint, error);
  return error ? WriteError(checkpoint.string()) : absl::OkStatus();
}

absl::Status KeepCheckpointsOf(const v1::Start& start, const std::string& trial_path) {
  std::vector<Ancestor> lineage = ReadLineage(trial_path);
  const auto end_of_curve = std::find_if(lineage.begin(), lineage.end(), [&](const Ancestor& ancestor) {
    return ancestor.generation == start.curve_generation();
  });
  std::int64_t through = end_of_curve == lineage.end() ? -1 : static_cast<std::int64_t>(start.stored_through());
  while (!lineage.empty() && lineage.back().generation != start.curve_generation()) {
    // In a database that was restored from a copy the curve ends earlier; what came later branched off from it.
    through = std::min(through, lineage.back().from_step);
    lineage.pop_back();
  }
  std::int64_t newest = -1;
  for (const auto& [step, checkpoint] : CheckpointFiles(trial_path)) {
    if (step <= through) {
      newest = std::max(newest, step);
    } else if (absl::Status status = Remove(checkpoint); !status.ok()) {
      return status;
    }
  }
  if (newest < 0) lineage.clear();
  lineage.push_back({start.generation(), std::max<std::int64_t>(newest, 0)});
  const auto line = [](std::string* out, const Ancestor& ancestor) {
    absl::StrAppend(out, ancestor.generation, " ", ancestor.from_step);
  };
  return WriteWhole(LineagePath(trial_path), absl::StrJoin(lineage, "\n", line));
}

}  // namespace

bool IsTrialFolderName(const std::string& trial_id) {
  return !trial_id.empty() && trial_id.size() <= 128 && std::all_of(trial_id.begin(), trial_id.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_';
  });
}

absl::StatusOr<TrialFolder> PrepareTrial(const std::string& data_dir, const v1::Start& start) {
  if (!IsTrialFolderName(start.trial_id())) {
    return absl::InvalidArgumentError("the trial's id is no plain file name: letters, digits, - and _ are");
  }
  const Json config = Json::parse(start.config_json(), nullptr, false);
  if (!config.is_object()) return absl::InvalidArgumentError("the trial's configuration is no JSON object");

  TrialFolder folder{.path = TrialPath(data_dir, start.trial_id())};
  folder.config_path = TrialConfigPath(folder.path);
  folder.log_path = LogPath(folder.path, static_cast<int>(start.attempt()) + 1);
  std::error_code error;
  fs::create_directories(LogFolder(folder.path), error);
  std::ofstream file(folder.config_path);
  file << config.dump(2) << '\n';
  file.close();
  if (error || !file) return WriteError(folder.config_path);
  folder.log = UniqueFd(::open(folder.log_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (folder.log.get() < 0) return WriteError(folder.log_path);

  if (absl::Status status = KeepCheckpointsOf(start, folder.path); !status.ok()) return status;
  folder.resume = !CheckpointFiles(folder.path).empty();
  return folder;
}

absl::Status RemoveCheckpoints(const std::string& trial_path, KeepCheckpoints keep) {
  if (keep == KeepCheckpoints::kAll) return absl::OkStatus();
  bool is_kept = keep == KeepCheckpoints::kLast;  // the first, which is the newest
  for (const auto& [step, checkpoint] : CheckpointFiles(trial_path)) {
    if (std::exchange(is_kept, false)) continue;
    if (absl::Status status = Remove(checkpoint); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
