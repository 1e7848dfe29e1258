#pragma once

#include <string_view>

#include "experiment/trial_config.h"

namespace ofsweep {

// The model keys that a preset sets; what it does not set stays at its default. The name must be one of model.preset's
// choices. Shapes: SCIENCE section 5 of the paper's and OPT's published configurations.
const Overrides& PresetOverrides(std::string_view name);

}  // namespace ofsweep
