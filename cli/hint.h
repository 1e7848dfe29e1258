#pragma once

#include <string>
#include <string_view>

#include "cli/connection.h"

namespace ofsweep {

// One word of a shell's command line: quoted where it has to be.
std::string ShellWord(const std::string& text);

// Whether a command takes --coordinator, and whether it takes --data-dir for the folder of the sweeps' database.
bool TakesCoordinator(std::string_view command);
bool TakesDatabaseFolder(std::string_view command);

// Repeats, in every `ofsweep COMMAND …` that a text holds in backquotes, the options by which this call found its
// sweeps, so that the hint can be typed as it stands. What came from the environment needs no repetition.
std::string RepeatOptions(const std::string& text, const ConnectionOptions& where);

}  // namespace ofsweep
