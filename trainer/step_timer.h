#pragma once

#include "experiment/step_timing.h"
#include "experiment/trial_config.h"
#include "trainer/machine.h"

namespace ofsweep {

// Measures a few training steps on random tokens, without a corpus: time, and the peak of tensors' memory. `config` as
// ResolveForMachine left it; `rows` sequences pass the model at once, 0: as many as take a fraction of a second, at
// most a micro-batch.
StepTiming TimeSteps(const TrialConfig& config, const Machine& machine, std::int64_t rows);

}  // namespace ofsweep
