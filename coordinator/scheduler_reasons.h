#pragma once

#include <string>

#include "coordinator/scheduler_state.h"

namespace ofsweep {

// The scheduler's decisions in words: of the gates, holds and obstacles by which it decides. They are what it would do
// next, so none is stored.

// Why no more trials of a sweep are running ("waiting: no worker is connected"), or why this one is not; "" when
// nothing waits.
std::string WhyWaits(const SchedulerState& state, const SweepRecord& sweep, TimeMs now);
std::string WhyWaits(const SchedulerState& state, const TrialRecord& trial, TimeMs now);

// Why a worker that has called is told to start no more.
std::string WhyNoMore(const SchedulerState& state, WorkerIndex index, TimeMs now);

}  // namespace ofsweep
