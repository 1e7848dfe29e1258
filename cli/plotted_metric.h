#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "experiment/metric_column.h"

namespace ofsweep {

// A metric whose curves a figure shows, as tables name one number of them, but for the steps: METRIC[@SITE[.LAYER]]. At
// a site that is in every layer, and a metric alone, the largest of the layers: kurtosis is kurtosis@block.max.
// InvalidArgument names the nearest metric, or how to write it.
absl::StatusOr<MetricColumn> ParsePlottedMetric(const std::string& text);

// Whether its site is in every layer.
bool HasLayers(const MetricColumn& metric);

// "kurtosis, largest block", "training loss (nats a token)".
std::string AxisLabel(const MetricColumn& metric);
// Of all layers of its site.
std::string LayersLabel(const MetricColumn& metric);

// Part of a file's name: "kurtosis-block-max".
std::string FileWord(const MetricColumn& metric);

// A result of a trial, or the quotient of two: "w8a4_perplexity/eval_perplexity".
struct PlottedResult {
  std::string numerator;
  std::string denominator;  // "" for none
};

// InvalidArgument names the nearest column of `results`.
absl::StatusOr<PlottedResult> ParsePlottedResult(const std::string& text);

std::string AxisLabel(const PlottedResult& result);
// Where its metric, or one of both, has a logarithmic axis.
bool HasLogAxis(const PlottedResult& result);
std::string FileWord(const PlottedResult& result);

}  // namespace ofsweep
