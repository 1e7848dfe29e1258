#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/connection.h"
#include "coordinator/server_access.h"
#include "worker/channel.h"

// The options that say which coordinator a command calls, and who may call one.
namespace ofsweep {

// --coordinator, --token-file and those of TLS; `help` is of the first.
void AddCoordinator(CLI::App* sub, std::optional<std::string>& coordinator, CallerOptions& caller,
                    const std::string& help);
void AddCoordinator(CLI::App* sub, std::optional<std::string>& coordinator, CallerOptions& caller);

// Of a command that only reads.
void AddSource(CLI::App* sub, ConnectionOptions& connection);

// Of a command that needs a coordinator. --data-dir is no option of it and not in its help, but whoever gives it is
// told to start one, which says more than an unexpected argument.
void AddCoordinatorAlone(CLI::App* sub, ConnectionOptions& connection);

// Of a command that serves: who may reach it.
void AddAccess(CLI::App* sub, AccessOptions& access);

}  // namespace ofsweep
