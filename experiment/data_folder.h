#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace ofsweep {

// Where things lie in a data folder (--data-dir), which coordinator, worker, trainer and commands share. What is there
// when: storage/DESIGN.md and worker/DESIGN.md.

std::string DatabasePath(const std::string& data_dir);    // ofsweep.db
std::string LogsPath(const std::string& data_dir);        // logs.db: what trainers have logged
std::string OutboxFolder(const std::string& data_dir);    // outbox
std::string DatasetsFolder(const std::string& data_dir);  // datasets: the trainers' shared cache
std::string DatabaseIdPath(const std::string& data_dir);  // database-id: of the database that lent what is here

std::string AccessTokenPath(const std::string& data_dir);  // access-token: of who may read the coordinator's folder

std::string DeletionsPath(const std::string& data_dir);  // deletions: the number of the last one that was followed
std::string WorkerIdPath(const std::string& data_dir);   // worker-id

// Keys (access/key_file.h): of a coordinator, by which attempts are told from forgeries, and of a worker.
std::string AttemptKeyPath(const std::string& data_dir);  // attempt-key
std::string WorkerKeyPath(const std::string& data_dir);   // worker-key

// The database that --data-dir names: that of the folder, or the file itself, which may be a copy. What is not there
// yet is a file where it is called so (NAME.db, .sqlite or .sqlite3).
std::string DatabaseAt(const std::string& data_dir);

// trials/TRIAL: what follows is in it.
std::string TrialsFolder(const std::string& data_dir);  // trials
std::string TrialPath(const std::string& data_dir, const std::string& trial_id);
std::string TrialConfigPath(const std::string& trial_path);                    // trial.json
std::string LogFolder(const std::string& trial_path);                          // logs
std::string LogPath(const std::string& trial_path, int attempt);               // logs/attempt-N.log, from 1
std::string CheckpointPath(const std::string& trial_path, std::int64_t step);  // checkpoint-STEP.safetensors
// What has such a name in the folder, by its step, newest first; files and folders.
std::map<std::int64_t, std::filesystem::path, std::greater<>> ListCheckpoints(const std::filesystem::path& trial_path);
std::string LineagePath(const std::string& trial_path);  // lineage: whose checkpoints these are

inline constexpr std::string_view kCheckpointPrefix = "checkpoint-";
inline constexpr std::string_view kCheckpointSuffix = ".safetensors";

}  // namespace ofsweep
