#pragma once

#include <cstdint>
#include <vector>

namespace ofsweep {

// When each of some tasks of given costs is done within a period of `period` steps: a phase in [0, period) for each, in
// ascending order. No phase costs more than an equal share of the total and one task on top.
std::vector<std::int64_t> SpreadPhases(const std::vector<double>& costs, std::int64_t period);

}  // namespace ofsweep
