#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/database_command_line.h"

namespace ofsweep {

// Declares `token` and its commands, as AddDatabaseCommands does.
void AddTokenCommands(CLI::App& app, Streams streams, Action& action);

}  // namespace ofsweep
