#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/problem.h"
#include "storage/store.h"

namespace ofsweep {

// Which trials form a cell, and what is averaged over them.
struct AblationQuery {
  std::vector<std::string> rows;     // trial keys
  std::vector<std::string> cols;     // trial keys
  std::vector<std::string> metrics;  // of kResultNumbers, or as ParseMetricColumn reads them
  std::vector<std::string> pool;     // trial keys that a cell may average over, besides the seed
  bool drop_diverged = false;        // they are counted, and do not enter the means
};

// A NaN result makes the mean NaN, an infinite one infinite: they are results too.
struct CellStatistic {
  std::uint32_t count = 0;     // trials that have the value
  std::optional<double> mean;  // none for count 0
  std::optional<double>
      standard_deviation;  // of the sample (n − 1); none for a count below 2 or a mean that is not finite
};

struct AblationCell {
  std::vector<std::string> row_values;  // one for each key of `rows`, as a user would type it
  std::vector<std::string> col_values;
  std::uint32_t trials = 0;  // that count: completed and, unless dropped, diverged ones, these with their last values
  std::uint32_t diverged = 0;
  std::uint32_t failed = 0;
  std::uint32_t missing = 0;              // without an outcome: unfinished, cancelled or pruned
  std::vector<CellStatistic> statistics;  // one for each metric
  // In what, of how they were made, the trials that count differ: "train.precision", "device", "data_fingerprint".
  std::vector<std::string> mixed;
};

struct AblationTable {
  std::vector<AblationCell> cells;
  // The varied keys in which the trials of a cell differ, in the sweep's order and the seed behind them.
  std::vector<std::string> pooled;
};

// What a table shows when nobody says what: the loss, the kurtosis, the perplexity, and each perplexity after rounding
// that a trial has.
std::vector<std::string> DefaultAblationMetrics(const std::vector<ResultRow>& trials);

// Unknown trial keys and metrics, each with the nearest known one; the key of a problem is the field: "rows", "cols",
// "pool", "metrics".
std::vector<Problem> CheckAblationQuery(const AblationQuery& query);

// The table of a checked query. `trials` is in the sweep's order, and so are the values of each key; a cell without any
// trial is left out.
AblationTable BuildAblationTable(const std::vector<ResultRow>& trials, const AblationQuery& query);

// What a table averages over in silence: each key, but the seed, that is pooled and that the query does not pool.
std::vector<Problem> CheckPooled(const AblationTable& table, const AblationQuery& query);

}  // namespace ofsweep
