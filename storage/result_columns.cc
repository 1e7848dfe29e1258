#include "storage/result_columns.h"

#include <algorithm>
#include <cmath>

namespace ofsweep {
namespace {

void Keep(LastValue& last, std::int64_t step, double value) {
  if (step >= last.step) last = {step, value};
}

void Keep(OverBlocks& last, std::int64_t step, double value) {
  if (step > last.step) {
    last = {step, 1, value, value};
  } else if (step == last.step) {
    ++last.blocks;
    last.sum += value;
    // std::max alone would drop a NaN on one side and keep it on the other.
    last.max = std::isnan(value) || std::isnan(last.max) ? std::nan("") : std::max(last.max, value);
  }
}

}  // namespace

ResultRole RoleOf(const Series& series) {
  if (series.site == "block" && series.layer.has_value()) {
    if (series.metric == "kurtosis") return ResultRole::kKurtosis;
    if (series.metric == "mmr") return ResultRole::kMmr;
  }
  if (series.layer.has_value() || !series.site.empty()) return ResultRole::kNone;
  if (series.metric == "train_loss") return ResultRole::kTrainLoss;
  if (series.metric == "eval_loss") return ResultRole::kEvalLoss;
  if (series.metric == "eval_perplexity") return ResultRole::kEvalPerplexity;
  if (series.metric == "int8_perplexity") return ResultRole::kInt8Perplexity;
  return ResultRole::kNone;
}

void ResultColumns::Observe(ResultRole role, std::int64_t step, double value) {
  switch (role) {
    case ResultRole::kNone:
      return;
    case ResultRole::kTrainLoss:
      return Keep(train_loss, step, value);
    case ResultRole::kEvalLoss:
      return Keep(eval_loss, step, value);
    case ResultRole::kEvalPerplexity:
      return Keep(eval_perplexity, step, value);
    case ResultRole::kInt8Perplexity:
      return Keep(int8_perplexity, step, value);
    case ResultRole::kMmr:
      return Keep(mmr, step, value);
    case ResultRole::kKurtosis:
      kurtosis_peak = std::fmax(kurtosis_peak, value);
      return Keep(kurtosis, step, value);
  }
}

}  // namespace ofsweep
