#pragma once

#include <string>
#include <string_view>

namespace ofsweep {

// What programs have logged, as a terminal may show it: a control character (of Unicode's second row of them too) that
// `kept` does not list, and each byte that is no UTF-8, is a '?'. Nothing else rules a terminal.
std::string TerminalText(std::string_view text, std::string_view kept = "");

}  // namespace ofsweep
