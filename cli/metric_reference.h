#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/trial_key_reference.h"

namespace ofsweep {

// Every metric that trainers measure, and the places where they do, from experiment/metric_table.h.
//   text      for a terminal
//   markdown  docs/trial-metrics.md
//   json      an array of {name, unit, sites, better, log_axis, by_default, prometheus, meaning}; better is "lower",
//             "higher" or null, prometheus null for a metric that is not told there
// InvalidArgument for yaml: metrics are no part of a specification.
absl::StatusOr<std::string> RenderMetrics(ReferenceFormat format);

}  // namespace ofsweep
