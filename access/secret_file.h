#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

// Files that hold one line which only their owner may know.

// Without white space around it. NotFound; PermissionDenied where it cannot be read; FailedPrecondition where
// everybody may use it; InvalidArgument where it is no plain file, is empty or of more than 4
// KiB. No message quotes what is in it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// The same of a file that has to be this process's own: FailedPrecondition too where another user owns it, who would
// know the secret.
absl::StatusOr<std::string> ReadOwnSecretFile(const std::string& path);

// Makes it with mode 0600, in place of what is there; on disk and under its name when this returns. PermissionDenied or
// ResourceExhausted says how to mend it.
absl::Status WriteSecretFile(const std::string& path, const std::string& secret);

}  // namespace ofsweep
