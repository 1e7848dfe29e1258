#pragma once

#include <string>
#include <vector>

#include "figures/scale.h"

namespace ofsweep {

struct Tick {
  double value = 0;
  std::string label;  // "" for a small one between the others
};

// Round numbers within the domain, ascending; about `count` of them have a label. A logarithmic axis has a small tick
// at each of 1, 2, …, 9 of a decade besides, unless there are too many decades for them.
std::vector<Tick> LinearTicks(const Interval& domain, int count);
std::vector<Tick> LogTicks(const Interval& domain, int count);
std::vector<Tick> TicksOf(bool is_log, const Interval& domain, int count);

// As few digits as tell the number from its neighbours: 0.5, 1200, 20k for 20000, 1e-5.
std::string TickText(double value);

}  // namespace ofsweep
