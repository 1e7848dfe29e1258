#include "access/token.h"

#include <stdexcept>

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"

namespace ofsweep {

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system gives no random bytes");
  }
  return bytes;
}

std::string NewToken() {
  std::string text;
  absl::WebSafeBase64Escape(RandomBytes(32), &text);
  return absl::StrCat("ofsweep_", text);
}

std::string HashOfToken(std::string_view token) {
  return Sha256Hex(token);
}

}  // namespace ofsweep
