#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "cli/connection.h"

namespace ofsweep {

// The hidden first argument by which the shells' scripts ask: `ofsweep __complete WORD… LAST` prints what LAST may
// become, a line each.
inline constexpr const char* kCompleteArgument = "__complete";

// What a shell has to run once: `ofsweep completion SHELL` prints it. InvalidArgument for a shell that is not known.
absl::StatusOr<std::string> CompletionScript(const std::string& shell);

// The names of the sweeps of a coordinator or a folder; none where nobody answers soon.
using SweepNames = std::function<std::vector<std::string>(const ConnectionOptions&)>;
std::vector<std::string> AskForSweepNames(const ConnectionOptions& where);

// What the last of `words`, which stand behind `ofsweep`, may become, by the description that parses them: commands,
// options, the choices of an option, trial keys, metrics and sweeps. Empty where a file or anything else is meant.
std::vector<std::string> Complete(const CLI::App& app, const std::vector<std::string>& words, const SweepNames& sweeps);

}  // namespace ofsweep
