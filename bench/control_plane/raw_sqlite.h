#pragma once

#include <nlohmann/json.hpp>

#include "bench/control_plane/arguments.h"

// The least work that SQLite does for the same rows, by its C API.
namespace ofsweep {

// Into --db, a new file: the rows that PushSteps of --clients, --batch, --steps and --series leaves, in the same order
// of keys; a step or batch of all clients is one transaction. --seal 1: then moves them into the table by series, as
// the end of a trial does.
nlohmann::json WriteRaw(const Arguments& arguments);

// Every point of --metric of --sweep from the coordinator's own file --db, --repeat times.
nlohmann::json ReadRaw(const Arguments& arguments);

}  // namespace ofsweep
