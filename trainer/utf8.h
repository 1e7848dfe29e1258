#pragma once

#include <string_view>

namespace ofsweep {

// True for well-formed UTF-8 (RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF).
bool IsUtf8(std::string_view text);

}  // namespace ofsweep
