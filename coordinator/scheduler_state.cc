#include "coordinator/scheduler_state.h"

#include <algorithm>

namespace ofsweep {

TimeMs SchedulerState::NextCallMs() const {
  constexpr TimeMs kShortest = 1000;
  const TimeMs fair = static_cast<TimeMs>(fleet.connected()) * 1000 / options.calls_per_second;
  return std::clamp(fair, kShortest, std::max(kShortest, options.lease_ms / 3));
}

}  // namespace ofsweep
