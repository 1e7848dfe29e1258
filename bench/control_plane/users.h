#pragma once

#include <nlohmann/json.hpp>

#include "bench/control_plane/arguments.h"

namespace ofsweep {

// A sweep --name of 4 × --rates × --seeds trials with --steps each.
nlohmann::json SubmitSweep(const Arguments& arguments);
// Every point of --metric of --sweep, --repeat times.
nlohmann::json QueryCurves(const Arguments& arguments);
// eval_loss and kurtosis_max of --sweep by all that it varies but the seed, --repeat times.
nlohmann::json GetTable(const Arguments& arguments);
// --watchers streams of --sweep at once, until it is finished or for --seconds.
nlohmann::json WatchSweep(const Arguments& arguments);

}  // namespace ofsweep
