#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "experiment/metric_point.h"
#include "experiment/over_blocks.h"

namespace ofsweep {

template <std::size_t A, std::size_t B>
constexpr std::array<const char*, A + B> Joined(const std::array<const char*, A>& a,
                                                const std::array<const char*, B>& b) {
  std::array<const char*, A + B> all{};
  for (std::size_t i = 0; i < A + B; ++i) all[i] = i < A ? a[i] : b[i - A];
  return all;
}

// The evaluations after rounding that have a column, in the order in which tables show them. The schema, which never
// changes once released, and the dashboards name them again; tests compare.
inline constexpr std::array kRoundedPerplexities = {"int8_perplexity", "w8a5_perplexity", "w8a4_perplexity",
                                                    "w4a4_perplexity"};

// Scalars whose last value is a column of `results`. The columns NAME and NAME_step of trial_results hold them.
inline constexpr auto kLastValueColumns =
    Joined(std::array{"train_loss", "eval_loss", "eval_perplexity"}, kRoundedPerplexities);

// What a trial came to: the numeric columns of `results` but those that are trial keys (learning_rate, seed).
inline constexpr auto kResultNumbers =
    Joined(kLastValueColumns, std::array{"kurtosis_mean", "kurtosis_max", "kurtosis_peak", "mmr_max", "steps", "tokens",
                                         "wall_seconds", "attempts"});

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
