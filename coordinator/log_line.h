#pragma once

#include <string>
#include <string_view>

namespace ofsweep {

// The newest whole line of what a trainer has logged ("2026-11-28T16:00:00.000 info preparing data: 40 %\n…"), without
// its time and level, at most 200 bytes of it, as TerminalText. "" where there is no whole line.
std::string NewestLine(std::string_view log);

}  // namespace ofsweep
