#pragma once

#include <cstddef>
#include <string_view>

namespace ofsweep {

// Well-formed UTF-8 is that of RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF.

// How many bytes the character has that `text` begins with; 0 where it begins with none, or is empty.
std::size_t Utf8CharacterLength(std::string_view text);

// How many bytes stand before the first one that is of no character; all of them where the text is well-formed.
std::size_t Utf8Length(std::string_view text);

bool IsUtf8(std::string_view text);

// How many bytes stand before a character at the end of `text` of which the rest is missing, as where a long text was
// cut; all of them where there is none.
std::size_t LengthWithoutCutCharacter(std::string_view text);

}  // namespace ofsweep
