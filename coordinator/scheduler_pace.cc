#include "coordinator/scheduler_pace.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace ofsweep {
namespace {

constexpr double kLongestMs = 1e15;

float Shortest(float before, double measured) {
  return before == 0 ? static_cast<float>(measured) : std::min(before, static_cast<float>(measured));
}

// With 0 it never writes any.
bool WritesCheckpoints(const std::string& config_json) {
  const nlohmann::json config = nlohmann::json::parse(config_json, nullptr, false);
  if (!config.is_object()) return true;
  const auto every = config.find("train.checkpoint_every");
  return every == config.end() || *every != 0;
}

}  // namespace

void TrialPace::Assigned(std::uint64_t generation, TimeMs now) {
  generation_ = generation;
  since_ = now;
  has_begun_ = false;
}

void TrialPace::Reported(const AttemptReport& report, TimeMs now) {
  if (report.name.generation != generation_ || !report.begun) return;
  const double passed = static_cast<double>(now - since_);
  if (!has_begun_) {
    has_begun_ = true;
    since_ = now;
    from_step_ = report.begun->from_step;
    writes_checkpoints_ = WritesCheckpoints(report.begun->config_json);
    start_ms_ = Shortest(start_ms_, std::max(1.0, passed));
  } else if (report.step > from_step_ && passed > 0) {
    step_ms_ = Shortest(step_ms_, passed / static_cast<double>(report.step - from_step_));
  }
}

TimeMs TrialPace::NeededMs(std::int64_t target_steps) const {
  const double steps = writes_checkpoints_ ? 1 : static_cast<double>(target_steps);
  const double needed = std::min(kLongestMs, static_cast<double>(start_ms_) + static_cast<double>(step_ms_) * steps);
  return std::max(kShortestAttemptMs, static_cast<TimeMs>(std::llround(needed)));
}

}  // namespace ofsweep
