#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "experiment/sweep_attributes.h"
#include "host/unique_fd.h"
#include "ofsweep/v1/worker.pb.h"

namespace ofsweep {

// TrialPath (experiment/data_folder.h) and what of it an attempt uses.
struct TrialFolder {
  std::string path;
  std::string config_path;
  std::string log_path;
  UniqueFd log;         // opened for appending
  bool resume = false;  // a later attempt, and there is a checkpoint to continue from
};

// Trial ids come from the coordinator, and name folders here.
bool IsTrialFolderName(const std::string& trial_id);

// Makes the folder for an attempt, and removes the checkpoints that it may not go on from: those of more updates than
// the curve is stored through would leave a gap in it, and those of another training than the curve would make it one
// of two. Errors: InvalidArgument for a configuration that is no JSON object or a trial id that is no file name,
// ResourceExhausted when a file cannot be written or removed.
absl::StatusOr<TrialFolder> PrepareTrial(const std::string& data_dir, const v1::Start& start);

// Removes what is not to be kept of a trial that is completed or has diverged. ResourceExhausted for a file that cannot
// be removed.
absl::Status RemoveCheckpoints(const std::string& trial_path, KeepCheckpoints keep);

}  // namespace ofsweep
