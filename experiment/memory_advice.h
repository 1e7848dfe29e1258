#pragma once

#include <string>

#include "experiment/memory_estimate.h"

namespace ofsweep {

// Bytes of a gigabyte as memory is sold and as --memory counts it.
inline constexpr double kBinaryGigabyte = 1073741824.0;

// "107 GB", "4.4 GB", "31 MB": three digits at most; a gigabyte is 10⁹ bytes.
std::string Gigabytes(double bytes);

// "121 GB in the optimizer's step (weights 13.3 GB, gradients 26.6 GB, the optimizer's state 79.9 GB, activations …)":
// the peak, when it is reached, and every part that is not nothing.
std::string MemoryByPart(const MemoryEstimate& memory);

// Which keys make a trial need less than `bytes`, cheapest first, as far as they help.
std::string HowToNeedLess(const TrialConfig& config, double bytes);

}  // namespace ofsweep
