#include "access/token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "access/secret.h"
#include "experiment/sha256.h"

namespace ofsweep {

std::string NewToken() {
  std::string text;
  absl::WebSafeBase64Escape(RandomBytes(32), &text);
  return absl::StrCat("ofsweep_", text);
}

std::string HashOfToken(std::string_view token) {
  return Sha256Hex(token);
}

}  // namespace ofsweep
