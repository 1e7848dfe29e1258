#include "access/key_file.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "access/secret.h"
#include "access/secret_file.h"

namespace ofsweep {

absl::StatusOr<std::string> LoadOrMakeKey(const std::string& path, const std::string& without_it) {
  const absl::StatusOr<std::string> digits = ReadOwnSecretFile(path);
  if (absl::IsNotFound(digits.status())) {
    std::string key = RandomBytes(kSecretBytes);
    if (absl::Status written = WriteSecretFile(path, absl::BytesToHexString(key)); !written.ok()) return written;
    return key;
  }
  if (!digits.ok()) {
    return absl::Status(
        digits.status().code(),
        absl::StrCat(digits.status().message(), "; where somebody else may have read it, remove it: ", without_it));
  }
  if (digits->size() == 2 * kSecretBytes && std::all_of(digits->begin(), digits->end(), absl::ascii_isxdigit)) {
    return absl::HexStringToBytes(*digits);
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is no key (", 2 * kSecretBytes,
                   " hexadecimal digits): bring back the right file, or remove it: ", without_it));
}

}  // namespace ofsweep
