#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace ofsweep {

// What the chosen subcommand does, once the arguments are read.
using Action = std::function<absl::Status()>;

// Declares `db` and its commands; `action` becomes what the parsed one does. Both have to outlive `app`.
void AddDatabaseCommands(CLI::App& app, Streams streams, Action& action);

}  // namespace ofsweep
