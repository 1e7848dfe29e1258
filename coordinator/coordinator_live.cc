#include "coordinator/coordinator_live.h"

#include "experiment/over_blocks.h"

namespace ofsweep {
namespace {

// Weight of the newest interval in the moving average of the speed.
constexpr double kSpeedWeight = 0.3;

void ReadPoints(const StepPoints& step, LiveValues& values) {
  OverBlocks kurtosis;
  for (const MetricPoint& point : step.points) {
    if (point.series.metric == "train_loss") values.train_loss = point.value;
    if (point.series.metric == "kurtosis" && point.series.site == "block") kurtosis.Add(step.step, point.value);
  }
  if (kurtosis.blocks > 0) values.kurtosis_max = kurtosis.max;
}

}  // namespace

void LiveTrials::Update(const std::string& trial_id, const std::vector<StepPoints>& steps) {
  Live& live = trials_[trial_id];
  for (const StepPoints& step : steps) {
    if (step.step < live.values.step) continue;
    ReadPoints(step, live.values);
    if (live.seconds && step.step > live.values.step && step.seconds > *live.seconds) {
      const double speed = static_cast<double>(step.step - live.values.step) / (step.seconds - *live.seconds);
      std::optional<double>& average = live.values.steps_per_second;
      average = average ? *average + kSpeedWeight * (speed - *average) : speed;
    }
    live.values.step = step.step;
    live.seconds = step.seconds;
  }
}

LiveValues LiveTrials::Get(const std::string& trial_id) const {
  const auto it = trials_.find(trial_id);
  return it == trials_.end() ? LiveValues{} : it->second.values;
}

}  // namespace ofsweep
