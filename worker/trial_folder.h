#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "ofsweep/v1/worker.pb.h"
#include "worker/unique_fd.h"

namespace ofsweep {

// TrialPath (experiment/data_folder.h) and what of it an attempt uses.
struct TrialFolder {
  std::string path;
  std::string config_path;
  std::string log_path;
  UniqueFd log;         // opened for appending
  bool resume = false;  // a later attempt, and there is a checkpoint to continue from
};

// Makes the folder for an attempt. A first attempt removes checkpoints that are there: they belong to a database that
// is gone, and to go on from one would leave a gap in the curve. Errors: InvalidArgument for a configuration that is no
// JSON object or a trial id that is no file name, ResourceExhausted or Internal when a file cannot be written.
absl::StatusOr<TrialFolder> PrepareTrial(const std::string& data_dir, const v1::Assignment& assignment);

// Removes the trial's checkpoints (checkpoint-STEP.safetensors) of more than `step` updates. For an attempt whose
// points from `step` on were not accepted: to go on from a later checkpoint would leave a gap in the curve.
void RemoveCheckpointsBeyond(const std::string& trial_path, std::int64_t step);

}  // namespace ofsweep
