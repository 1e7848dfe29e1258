#include "worker/columns.h"

namespace ofsweep {

void ColumnWriter::Add(const StepPoints& step) {
  v1::StepRow& row = *out_.add_rows();
  row.set_step(static_cast<std::uint64_t>(step.step));
  row.set_tokens(static_cast<std::uint64_t>(step.tokens));
  row.set_seconds(step.seconds);
  row.mutable_series()->Reserve(static_cast<int>(step.points.size()));
  row.mutable_values()->Reserve(static_cast<int>(step.points.size()));
  for (const MetricPoint& point : step.points) {
    row.add_series(PositionOf(point.series));
    row.add_values(point.value);
  }
}

std::uint32_t ColumnWriter::PositionOf(const Series& series) {
  const auto [entry, is_new] = positions_.try_emplace(series, static_cast<std::uint32_t>(positions_.size()));
  if (is_new) {
    v1::Series& named = *out_.add_series();
    named.set_metric(series.metric);
    if (series.layer) named.set_layer(static_cast<std::uint32_t>(*series.layer));
    named.set_site(series.site);
  }
  return entry->second;
}

}  // namespace ofsweep
