#include "experiment/over_blocks.h"

#include <algorithm>
#include <cmath>

namespace ofsweep {

void OverBlocks::Add(std::int64_t at_step, double value) {
  if (at_step > step) {
    *this = {.step = at_step, .blocks = 1, .sum = value, .max = value};
  } else if (at_step == step) {
    ++blocks;
    sum += value;
    // std::max alone would drop a NaN on one side and keep it on the other.
    max = std::isnan(value) || std::isnan(max) ? std::numeric_limits<double>::quiet_NaN() : std::max(max, value);
  }
}

}  // namespace ofsweep
