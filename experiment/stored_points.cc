#include "experiment/stored_points.h"

#include <algorithm>
#include <string>
#include <vector>

#include "experiment/metric_table.h"
#include "experiment/quantisation_bits.h"

namespace ofsweep {
namespace {

// Beside every value that a step has: tokens and seconds (storage/store.h).
constexpr std::int64_t kCounters = 2;
// train_loss, gradient_norm, learning_rate, tokens_per_second.
constexpr std::int64_t kStepScalars = 4;
// A loss and its perplexity.
constexpr std::int64_t kLossPoints = 2;

std::int64_t MetricsAt(const TrialConfig& config, MetricPlace place) {
  const std::vector<std::string>& chosen = config.List("measure.metrics");
  const bool all = std::find(chosen.begin(), chosen.end(), "all") != chosen.end();
  const auto metrics = Metrics();
  return std::count_if(metrics.begin(), metrics.end(), [&](const Metric& metric) {
    return metric.place == place && (all || std::find(chosen.begin(), chosen.end(), metric.name) != chosen.end());
  });
}

// The embedding, the final norm where there is one, and in every block its end and, of post_norm, what is before it.
std::int64_t ResidualSites(const TrialConfig& config) {
  const std::int64_t in_block = config.Text("model.block") == "post_norm" ? 2 : 1;
  return 1 + (config.Text("model.final_norm") == "none" ? 0 : 1) + in_block * config.Integer("model.layers");
}

}  // namespace

std::int64_t StoredPoints(const TrialConfig& config) {
  const std::int64_t steps = config.Integer("train.steps");
  const std::int64_t every = config.Integer("measure.every");
  const std::int64_t measured = (steps - 1) / every + 1 + ((steps - 1) % every == 0 ? 0 : 1);
  const std::int64_t at_step = kCounters + kStepScalars +
                               MetricsAt(config, MetricPlace::kResidual) * ResidualSites(config) +
                               MetricsAt(config, MetricPlace::kAttention) * config.Integer("model.layers");
  const auto rounded = static_cast<std::int64_t>(QuantisedEvaluations(config).size());
  std::int64_t points = measured * at_step + kCounters + kLossPoints * (1 + rounded);
  // One at a step that is measured as well has its counters already.
  const std::int64_t evaluated_every = config.Integer("evaluate.every");
  for (std::int64_t step = evaluated_every; step < steps; step += evaluated_every) {
    points += kLossPoints + (step % every == 0 || step == steps - 1 ? 0 : kCounters);
  }
  return points;
}

}  // namespace ofsweep
