#pragma once

#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "experiment/data_input.h"
#include "storage/store.h"

namespace ofsweep {

// What an attempt's trainer found when it began.
struct FoundOrigin {
  AttemptOrigin origin;
  Fingerprints open_inputs;  // at paths whose content nobody had seen when the trial was submitted
};

// Reads what the trainer of a begun attempt says. InvalidArgument: it is not this trial's configuration with `auto`
// resolved.
absl::StatusOr<FoundOrigin> ReadOrigin(const TrialRow& trial, const AttemptBeginning& begun,
                                       const WorkerReport& report);

}  // namespace ofsweep
