#pragma once

#include <cstdint>
#include <limits>

namespace ofsweep {

// A statistic over a model's blocks at the greatest step that has it: the kurtosis_max and kurtosis_mean of tables and
// of live views alike. A NaN in one block makes sum and max NaN: a broken block hides behind no other.
struct OverBlocks {
  std::int64_t step = -1;
  std::int64_t blocks = 0;
  double sum = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();

  // The value of one more block; of an earlier step than the newest it changes nothing.
  void Add(std::int64_t at_step, double value);
};

}  // namespace ofsweep
