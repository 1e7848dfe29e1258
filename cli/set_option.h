#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace ofsweep {

// Adds what `--set KEY=VALUE` gave to the text of a sweep file, as its section `set` (ParseSweepSpec): the lines above
// stay as they are, and whoever reads the text knows all that the sweep was submitted with. Values are YAML, as in the
// file. InvalidArgument where one is no assignment, or where the text takes no further section; unknown keys and wrong
// values are left to the parser, and so is a text that is no sweep.
absl::Status AddSetSection(const std::vector<std::string>& assignments, const std::string& file, std::string& text);

}  // namespace ofsweep
