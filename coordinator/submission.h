#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/submitted_trial.h"
#include "coordinator/sweep_settings.h"
#include "experiment/problem.h"
#include "experiment/sweep_spec.h"

namespace ofsweep {

// Every trial of a sweep that arrives. The mistakes are in `problems`, and in words in the status: InvalidArgument, or
// ResourceExhausted where there are too many trials.
absl::StatusOr<std::vector<SubmittedTrial>> ExpandSubmission(const SweepSpec& spec, const SweepSettings& settings,
                                                             std::vector<Problem>& problems);

// AlreadyExists where the sweep of that name is another one. `same_text`: its file was the same.
absl::Status CheckIsSame(const Books& books, const SweepRecord& existing, const std::vector<SubmittedTrial>& trials,
                         bool same_text);

// Decides which trials they are, and counts those that earlier sweeps have to do with.
void IdentifyAll(const Books& books, const std::string& sweep, std::vector<SubmittedTrial>& trials,
                 SubmitResult& result);

}  // namespace ofsweep
