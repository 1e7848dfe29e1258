#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "experiment/metric_table.h"

namespace ofsweep {

// A number of each trial that a table may average, beyond the columns of `results`: what one metric came to at one
// place of the model. As a user writes it:
//
//   METRIC[@SITE[.LAYER]][:last|:max]
//
//   gradient_norm:max        the largest of the measured steps
//   kurtosis@block.3         the newest of one layer (from 0)
//   rms@block.max            the largest over the layers at the last step that has them; block.mean: their mean
//   sink_rate@attention.mean:max   the largest of the measured steps of that mean
struct MetricColumn {
  enum class OverLayers { kOne, kMean, kMax };  // of kOne: `layer`, or none where the site has no layers
  enum class OverSteps { kLast, kMax };         // of kMax a NaN is left out, and no other is

  std::string metric;
  std::string site;  // "" for a metric of the whole model
  std::optional<int> layer;
  OverLayers over_layers = OverLayers::kOne;
  OverSteps over_steps = OverSteps::kLast;

  bool operator==(const MetricColumn&) const = default;
};

// InvalidArgument says what is wrong and how to mend it; for an unknown metric it names the nearest known one.
absl::StatusOr<MetricColumn> ParseMetricColumn(std::string_view text);

// Which values of a number that a table may average are the better ones: of kResultNumbers, or as ParseMetricColumn
// reads it.
Better BetterOf(std::string_view number);

}  // namespace ofsweep
