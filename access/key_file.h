#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

// kSecretBytes random bytes that a process keeps as hexadecimal digits in a file of their own (secret_file.h). Where
// there is none, it is made: on disk and under its name before this returns, so that nothing is ever derived of a key
// that a power cut takes back. One process at a time may call this for a path.
//
// `without_it` says what becomes of a removed file: "a new one is made, and …". Errors name the file and the way out,
// and never what it holds: those of ReadOwnSecretFile and WriteSecretFile, and FailedPrecondition where it is no key.
absl::StatusOr<std::string> LoadOrMakeKey(const std::string& path, const std::string& without_it);

}  // namespace ofsweep
