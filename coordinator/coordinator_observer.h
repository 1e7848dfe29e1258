#pragma once

#include <string>
#include <vector>

#include "coordinator/coordinator_types.h"

namespace ofsweep {

// Telemetry's window on the coordinator. Called after the fact was made durable, from any thread and outside of the
// coordinator's lock, so calls about one trial may arrive slightly out of order. Implementations must be quick and must
// not call back.
class CoordinatorObserver {
 public:
  virtual ~CoordinatorObserver() = default;

  // One reached a final state.
  virtual void TrialFinished(const std::vector<std::string>& sweeps, TrialState outcome) = 0;
  // It is pending again; the reason is a failure class's name ("crash", "lost", "preempted").
  virtual void TrialRestarted(const std::vector<std::string>& sweeps, const std::string& reason) = 0;
  virtual void LeaseExpired() = 0;

  virtual void PointsStored(const PushCounts& counts) = 0;
  // Of an attempt that was overtaken or is unknown.
  virtual void PointsRejected(std::uint64_t points) = 0;
};

}  // namespace ofsweep
