#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace ofsweep {

// The hidden first argument by which the build asks for the manual.
inline constexpr const char* kManualArgument = "__manual";

// ofsweep(1) in the language of man pages, from the description that parses. `version` is what --version prints.
std::string Manual(const CLI::App& app, const std::string& version);

}  // namespace ofsweep
