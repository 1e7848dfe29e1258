#pragma once

#include "coordinator/scheduler_turn.h"
#include "experiment/attempt.h"

namespace ofsweep {

// A leased attempt has ended: closes it in the history, and decides what becomes of its trial.
void EndAttempt(TrialIndex index, const AttemptEnd& end, Turn& turn);

// The lease of an attempt expired, for its worker was silent for too long.
void ExpireLease(TrialIndex index, Turn& turn);

}  // namespace ofsweep
