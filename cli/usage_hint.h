#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace ofsweep {

// For whoever `error` stopped, lines that say what was meant: the subcommand or option nearest to one that there is
// not, and how several values of a list are written. "" where neither is known.
std::string UsageHint(const CLI::App& app, const CLI::ParseError& error);

}  // namespace ofsweep
