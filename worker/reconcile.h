#pragma once

#include <vector>

#include "experiment/attempt.h"

namespace ofsweep {

struct HeldAttempt {
  AttemptName name;
  bool alive = false;     // its process has not been reaped
  bool stopping = false;  // and was told to end
};

// As the coordinator told (worker.proto's SynchronizeResponse), or as it is to be done, in the order forget, stop,
// start. What is named nowhere stays as it is.
struct Instructions {
  std::vector<AttemptName> start;   // in the coordinator's order
  std::vector<AttemptName> stop;    // SIGTERM; it is held until the coordinator says to forget it
  std::vector<AttemptName> forget;  // kill it if it is alive, and delete its outbox

  bool operator==(const Instructions&) const = default;
};

// What of it is to be done now. Pure; calling it again after that was done asks for nothing more. A start that has to
// wait (all `slots` taken, or an older attempt of the trial still alive in the same folder) is asked for by a later
// call.
Instructions Reconcile(const std::vector<HeldAttempt>& held, const Instructions& told, int slots);

}  // namespace ofsweep
