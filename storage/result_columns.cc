#include "storage/result_columns.h"

#include <algorithm>
#include <cmath>

namespace ofsweep {
namespace {

void Keep(LastValue& last, std::int64_t step, double value) {
  if (step >= last.step) last = {step, value};
}

}  // namespace

ResultRole RoleOf(const Series& series) {
  if (series.site == "block" && series.layer.has_value()) {
    if (series.metric == "kurtosis") return {ResultKind::kKurtosis};
    if (series.metric == "mmr") return {ResultKind::kMmr};
  }
  if (series.layer.has_value() || !series.site.empty()) return {};
  const auto found = std::find(kLastValueColumns.begin(), kLastValueColumns.end(), series.metric);
  if (found == kLastValueColumns.end()) return {};
  return {ResultKind::kLastValue, static_cast<std::size_t>(found - kLastValueColumns.begin())};
}

void ResultColumns::Observe(ResultRole role, std::int64_t step, double value) {
  switch (role.kind) {
    case ResultKind::kNone:
      return;
    case ResultKind::kLastValue:
      return Keep(last_values[role.column], step, value);
    case ResultKind::kMmr:
      return mmr.Add(step, value);
    case ResultKind::kKurtosis:
      kurtosis_peak = std::fmax(kurtosis_peak, value);
      return kurtosis.Add(step, value);
  }
}

}  // namespace ofsweep
