#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ofsweep {

// Keys, and what is derived of them. Neither is ever shown: not in logs, errors, SQL, command lines or on the page.
inline constexpr std::size_t kSecretBytes = 32;

// Bytes that nobody can guess, from the kernel. Throws std::runtime_error where it gives none.
std::string RandomBytes(std::size_t count);

// HMAC-SHA256 (RFC 2104): kSecretBytes, which nobody can make without the key.
std::string HmacSha256(std::string_view key, std::string_view message);

// Takes as long wherever they differ, so that a secret cannot be found byte by byte.
bool IsSameSecret(std::string_view left, std::string_view right);

}  // namespace ofsweep
