#pragma once

#include <string_view>

#include "experiment/trial_config.h"

namespace ofsweep {

// The model keys that a preset sets; what it does not set stays at its default. The name must be one of model.preset's
// choices. The vocabulary belongs to the data, and batch, schedule and optimiser to a sweep: no preset sets them.
const Overrides& PresetOverrides(std::string_view name);

}  // namespace ofsweep
