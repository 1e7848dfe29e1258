#pragma once

#include <string>
#include <string_view>

namespace ofsweep {

// What a caller presents: "ofsweep_" and 256 random bits in 43 characters of base64url, so that scanners for leaked
// secrets can know it by its beginning.
std::string NewToken();

// SHA-256 in hexadecimal digits, which is all that is kept of a token: of 256 random bits nobody finds them again.
std::string HashOfToken(std::string_view token);

}  // namespace ofsweep
