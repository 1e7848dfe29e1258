#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "experiment/metric_point.h"
#include "experiment/metric_table.h"
#include "experiment/over_blocks.h"

namespace ofsweep {

inline constexpr std::size_t kLastValueCount = std::count_if(
    kResultNumbers.begin(), kResultNumbers.end(), [](const ResultNumber& n) { return n.of == ResultOf::kLast; });

// Metrics whose last value is a column of `results`. The columns NAME and NAME_step of trial_results hold them.
inline constexpr auto kLastValueColumns = [] {
  std::array<const char*, kLastValueCount> names{};
  std::size_t next = 0;
  for (const ResultNumber& number : kResultNumbers) {
    if (number.of == ResultOf::kLast) names[next++] = number.name;
  }
  return names;
}();

// What a series feeds in `results`.
enum class ResultKind { kNone, kLastValue, kKurtosis, kMmr };
struct ResultRole {
  ResultKind kind = ResultKind::kNone;
  std::size_t column = 0;  // of kLastValueColumns
};

ResultRole RoleOf(const Series& series);

// The value of a scalar at the greatest step that has it; step -1 while there is none.
struct LastValue {
  std::int64_t step = -1;
  double value = std::numeric_limits<double>::quiet_NaN();
};

// The result columns of one trial, kept up to date point by point. Every point must be given once; the order does not
// matter, save for the rounding of the sum.
struct ResultColumns {
  std::int64_t step = -1;  // greatest step of any point
  std::int64_t tokens = 0;
  std::array<LastValue, kLastValueColumns.size()> last_values;
  OverBlocks kurtosis;
  double kurtosis_peak = std::numeric_limits<double>::quiet_NaN();  // over all steps; a NaN hides no peak
  OverBlocks mmr;

  void Observe(ResultRole role, std::int64_t step, double value);
};

}  // namespace ofsweep
