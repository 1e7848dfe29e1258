#include "experiment/data_folder.h"

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ofsweep {
namespace {

std::string Join(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

}  // namespace

std::string DatabasePath(const std::string& data_dir) {
  return Join(data_dir, "ofsweep.db");
}

std::string DatabaseAt(const std::string& data_dir) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool is_missing = !fs::exists(data_dir, error);
  const std::string ending = fs::path(data_dir).extension().string();
  const bool is_named_so = ending == ".db" || ending == ".sqlite" || ending == ".sqlite3";
  const bool is_file = is_missing ? is_named_so : fs::is_regular_file(data_dir, error);
  return is_file ? data_dir : DatabasePath(data_dir);
}

std::string LogsPath(const std::string& data_dir) {
  return Join(data_dir, "logs.db");
}

std::string OutboxFolder(const std::string& data_dir) {
  return Join(data_dir, "outbox");
}

std::string DatasetsFolder(const std::string& data_dir) {
  return Join(data_dir, "datasets");
}

std::string DatabaseIdPath(const std::string& data_dir) {
  return Join(data_dir, "database-id");
}

std::string AccessTokenPath(const std::string& data_dir) {
  return Join(data_dir, "access-token");
}

std::string DeletionsPath(const std::string& data_dir) {
  return Join(data_dir, "deletions");
}

std::string TrialsFolder(const std::string& data_dir) {
  return Join(data_dir, "trials");
}

std::string WorkerIdPath(const std::string& data_dir) {
  return Join(data_dir, "worker-id");
}

std::string AttemptKeyPath(const std::string& data_dir) {
  return Join(data_dir, "attempt-key");
}

std::string WorkerKeyPath(const std::string& data_dir) {
  return Join(data_dir, "worker-key");
}

std::string TrialPath(const std::string& data_dir, const std::string& trial_id) {
  return Join(TrialsFolder(data_dir), trial_id);
}

std::string TrialConfigPath(const std::string& trial_path) {
  return Join(trial_path, "trial.json");
}

std::string LogFolder(const std::string& trial_path) {
  return Join(trial_path, "logs");
}

std::string LogPath(const std::string& trial_path, int attempt) {
  return Join(LogFolder(trial_path), absl::StrCat("attempt-", attempt, ".log"));
}

std::string CheckpointPath(const std::string& trial_path, std::int64_t step) {
  return Join(trial_path, absl::StrCat(std::string(kCheckpointPrefix), absl::StrFormat("%09d", step),
                                       std::string(kCheckpointSuffix)));
}

std::map<std::int64_t, std::filesystem::path, std::greater<>> ListCheckpoints(const std::filesystem::path& trial_path) {
  namespace fs = std::filesystem;
  std::map<std::int64_t, fs::path, std::greater<>> found;
  std::error_code error;
  for (fs::directory_iterator entry(trial_path, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kCheckpointPrefix) || !name.ends_with(kCheckpointSuffix)) continue;
    std::int64_t step = 0;
    const std::size_t digits = name.size() - kCheckpointPrefix.size() - kCheckpointSuffix.size();
    if (absl::SimpleAtoi(name.substr(kCheckpointPrefix.size(), digits), &step)) found[step] = entry->path();
  }
  return found;
}

std::string LineagePath(const std::string& trial_path) {
  return Join(trial_path, "lineage");
}

}  // namespace ofsweep
