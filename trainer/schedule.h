#pragma once

#include <cstdint>

#include "experiment/trial_config.h"

namespace ofsweep {

// The learning rate of update `step` (0-based): linear warm-up over w = round(warmup_fraction · steps) updates, then
// linear or cosine decay to 0, or constant.
double LearningRate(const TrialConfig& config, std::int64_t step);

}  // namespace ofsweep
