#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ofsweep {

// What users and files hold, as a message may show it: a value of a megabyte or of control characters must not become
// a line that nobody can read, or one that rules the terminal.

// At most `max_bytes` of `text`, cut behind a whole UTF-8 character and then with "…" behind it.
std::string Shortened(std::string_view text, std::size_t max_bytes);

// Control characters as escapes (\n, \x1b), and at most the first 200 bytes, with the length where more were left out.
std::string Printable(std::string_view text);

// Printable in quotation marks: "fast".
std::string Quoted(std::string_view text);

// The first `most` of `items` divided by commas, and how many were left out: "a, b and 19998 more".
std::string FirstOf(const std::vector<std::string>& items, std::size_t most = 20);

}  // namespace ofsweep
