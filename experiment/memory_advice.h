#pragma once

#include <string>

#include "experiment/memory_estimate.h"

namespace ofsweep {

// "107 GB", "4.4 GB", "31 MB": three digits at most; a gigabyte is 10⁹ bytes.
std::string Gigabytes(double bytes);

// "121 GB (weights 13.3, gradients 13.3, optimizer 79.9, activations 12.1, logits 2.1)".
std::string MemoryByPart(const MemoryEstimate& memory);

// Which keys make a trial need less than `bytes`, cheapest first, as far as they help.
std::string HowToNeedLess(const TrialConfig& config, double bytes);

}  // namespace ofsweep
