#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace ofsweep {

// The options of `worker` that are its own: how much it trains, what it tells, and when it ends. `options` has to
// outlive `worker`.
void AddWorkerOptions(CLI::App& worker, WorkerCommandOptions& options);

}  // namespace ofsweep
