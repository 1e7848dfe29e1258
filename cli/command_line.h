#pragma once

#include "cli/commands.h"

namespace ofsweep {

// The whole program: reads the arguments, runs the subcommand, prints a failure to `streams.err`. Returns the exit
// code: 0 success, 1 failure, 2 wrong usage or an invalid spec. Never throws.
int CommandLine(int argc, const char* const* argv, Streams streams);

}  // namespace ofsweep
