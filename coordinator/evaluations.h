#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "storage/store.h"

namespace ofsweep {

// Stores what completed trials' last checkpoints gave after their training; what a trial has already stays. NotFound:
// no such trial; FailedPrecondition: it is not completed, was not evaluated at its last step, or had another validation
// loss there than `unrounded_loss`; then none is stored.
absl::StatusOr<PushCounts> StoreEvaluations(Store& store, const std::vector<TrialEvaluation>& evaluations);

}  // namespace ofsweep
