#pragma once

#include <string>

#include "cli/plan.h"

namespace ofsweep {

// Tables of cost and memory, sums, and in words what does not fit.
std::string PlanText(const Plan& plan);

// {"sweep", "trials", "shapes", "slots", "tokens", "flops", "seconds", "rows": [...]}; seconds is null unless every
// row was measured. Bytes, FLOPs, tokens and seconds of a row are those of one trial.
std::string PlanJson(const Plan& plan);

// Why the row's trials do not fit: where the device has room for one but not in each slot, the trainer's own words;
// else which part alone is too large for it, how large a GPU can, and which keys would make it fit.
std::string WhyItDoesNotFit(const PlanRow& row);

}  // namespace ofsweep
