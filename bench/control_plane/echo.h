#pragma once

#include <nlohmann/json.hpp>

#include "bench/control_plane/arguments.h"

namespace ofsweep {

// What gRPC itself costs: a WorkerService that answers nothing, with gRPC's defaults. Serves until its standard input
// ends; says its address first.
nlohmann::json ServeEcho(const Arguments& arguments);

// Empty calls, one after the other, by --clients connections; --calls of each, or until standard input ends (--beside
// 1).
// --pause_ms between two calls of a connection.
nlohmann::json CallEcho(const Arguments& arguments);

}  // namespace ofsweep
