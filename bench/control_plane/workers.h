#pragma once

#include <nlohmann/json.hpp>

#include "bench/control_plane/arguments.h"

// Loads that workers make. Each of them names its workers --prefix and a number.
namespace ofsweep {

// Trials from start to end by --workers of --slots: start, push one step of --series, end; the end of some and the
// start of the next are one call, as an agent makes it. Until --trials have ended or none is left, or with --beside 1
// until standard input ends. --begun 1: a call in between says what the trainer resolved.
nlohmann::json RunLifecycles(const Arguments& arguments);

// --clients workers with a trial each push --steps steps by --batch and wait for each acknowledgement; --end 1 ends the
// trials.
nlohmann::json PushSteps(const Arguments& arguments);

// --trials run and push a step each --interval_ms until standard input ends. Says "ready" when all have.
nlohmann::json HoldTrials(const Arguments& arguments);

// What a report of --honest running attempts costs, the mean of --repeat; and what one of --false attempts that the
// coordinator never gave.
nlohmann::json ReportFalseAttempts(const Arguments& arguments);

// --clients train trials of --steps one after another until --points are stored; what a push costs at each percent of
// the way.
nlohmann::json Grow(const Arguments& arguments);

// --workers with a trial each that call when they were told to and push a step of --points each second, after --warm
// seconds for --seconds. Open loop: a latency counts from the moment the call was due. With --echo 1 the server is an
// echo: it is called as often, each
// --call_ms, and by every worker.
nlohmann::json Heartbeats(const Arguments& arguments);

}  // namespace ofsweep
