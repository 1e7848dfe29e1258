#include "trainer/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ofsweep {

double LearningRate(const TrialConfig& config, std::int64_t step) {
  const double peak = config.Number("optimizer.learning_rate");
  const std::int64_t steps = config.Integer("train.steps");
  const std::int64_t warmup = std::llround(config.Number("schedule.warmup_fraction") * static_cast<double>(steps));
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const std::string& kind = config.Text("schedule.kind");
  if (kind == "constant") return peak;
  const std::int64_t decay_steps = std::max<std::int64_t>(1, steps - warmup);
  const double progress = std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(decay_steps));
  if (kind == "cosine") return peak * (1 + std::cos(std::numbers::pi * progress)) / 2;
  return peak * (1 - progress);
}

}  // namespace ofsweep
