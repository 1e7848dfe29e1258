#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ofsweep {

// Bytes that nobody can guess, from the kernel. Throws std::runtime_error where it gives none.
std::string RandomBytes(std::size_t count);

// What a caller presents: "ofsweep_" and 256 random bits in 43 characters of base64url, so that scanners for leaked
// secrets can know it by its beginning.
std::string NewToken();

// SHA-256 in hexadecimal digits, which is all that is kept of a token: of 256 random bits nobody finds them again.
std::string HashOfToken(std::string_view token);

}  // namespace ofsweep
