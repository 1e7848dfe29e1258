#pragma once

#include <cstdint>
#include <limits>

#include "experiment/metric_point.h"

namespace ofsweep {

// Which column of `results` a series feeds.
enum class ResultRole { kNone, kTrainLoss, kEvalLoss, kEvalPerplexity, kInt8Perplexity, kKurtosis, kMmr };

ResultRole RoleOf(const Series& series);

// The value of a scalar at the greatest step that has it; step -1 while there is none.
struct LastValue {
  std::int64_t step = -1;
  double value = std::numeric_limits<double>::quiet_NaN();
};

// A statistic over the blocks at the greatest step that has it. A NaN in one block makes sum and max NaN.
struct OverBlocks {
  std::int64_t step = -1;
  std::int64_t blocks = 0;
  double sum = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
};

// The result columns of one trial, kept up to date point by point. Every point must be given once; the order does not
// matter, save for the rounding of the sum.
struct ResultColumns {
  std::int64_t step = -1;  // greatest step of any point
  std::int64_t tokens = 0;
  LastValue train_loss;
  LastValue eval_loss;
  LastValue eval_perplexity;
  LastValue int8_perplexity;
  OverBlocks kurtosis;
  double kurtosis_peak = std::numeric_limits<double>::quiet_NaN();  // over all steps; a NaN hides no peak
  OverBlocks mmr;

  void Observe(ResultRole role, std::int64_t step, double value);
};

}  // namespace ofsweep
