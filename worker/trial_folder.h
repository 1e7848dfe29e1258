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

// Makes the folder for an attempt, and removes checkpoints of more updates than the curve is stored through: to go on
// from one would leave a gap. Errors: InvalidArgument for a configuration that is no
// JSON object or a trial id that is no file name, ResourceExhausted or Internal when a file cannot be written.
absl::StatusOr<TrialFolder> PrepareTrial(const std::string& data_dir, const v1::Start& start);

}  // namespace ofsweep
