#pragma once

#include "coordinator/coordinator_types.h"
#include "coordinator/scheduler_turn.h"

namespace ofsweep {

// A worker's call: compares what it does with what should be so, and gives its free slots work. The configurations of
// what it is to start, and the database's identity, are for the caller to add.
SynchronizeAnswer AnswerCall(const WorkerReport& report, Turn& turn);

}  // namespace ofsweep
