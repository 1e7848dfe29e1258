#pragma once

#include <cstdint>

#include "coordinator/coordinator_types.h"
#include "storage/store.h"

namespace ofsweep {

// How fast a trial's attempts were, as their workers reported them: whether another one is worth its start on a worker
// whose time is short. Kept in memory alone: a coordinator that was started anew knows nothing, and starts trials.
class TrialPace {
 public:
  // The next reports are of an attempt that is being assigned.
  void Assigned(std::uint64_t generation, TimeMs now);
  // What is not of that attempt is left alone: nobody knows when it began.
  void Reported(const AttemptReport& report, TimeMs now);

  // How long an attempt needs until something of it outlasts it: to begin and for an update, since a trainer that is
  // stopped writes a checkpoint; one that writes none, to come to its end. Of what was measured the best counts: to
  // wait in vain for more time would be for ever, and an attempt in vain counts against nobody. At least
  // kShortestAttemptMs.
  TimeMs NeededMs(std::int64_t target_steps) const;

 private:
  // There is one for each of a million trials.
  std::uint64_t generation_ = 0;
  TimeMs since_ = 0;  // it was assigned, then: it had begun
  std::int64_t from_step_ = 0;
  float start_ms_ = 0;  // from being assigned until it had begun; 0: never measured
  float step_ms_ = 0;   // likewise, of an update
  bool has_begun_ = false;
  bool writes_checkpoints_ = true;
};

// A process, its libraries and its data want this much even of a trial of which nothing is known.
inline constexpr TimeMs kShortestAttemptMs = 10'000;

}  // namespace ofsweep
