#pragma once

#include <string>
#include <vector>

#include "experiment/sweep_spec.h"

namespace ofsweep {

inline const std::string kSpecFile = "/sweeps/x.yaml";

// The specification in `yaml`, which must be free of mistakes.
SweepSpec GoodSpec(const std::string& yaml);

// The mistakes found in `yaml`, by parsing and then, if it parsed, by expanding it; one line each.
std::vector<std::string> Mistakes(const std::string& yaml);

// The trials of `spec`, in order.
std::vector<PlannedTrial> Expand(const SweepSpec& spec);

}  // namespace ofsweep
