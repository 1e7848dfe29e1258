#pragma once

#include <string>
#include <string_view>

namespace ofsweep {

// A worker's id proves itself: it ends with digits of the hash of a key that its worker alone has. So a coordinator
// knows whose an id is without having stored anything.

// NAME-DIGITS: the first 16 hexadecimal digits of the key's SHA-256.
std::string WorkerId(std::string_view name, std::string_view key);

// It is WorkerId of some name and this key, which has kSecretBytes.
bool IsProvenBy(std::string_view worker_id, std::string_view key);

}  // namespace ofsweep
