#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace ofsweep {

// Writes a file beside the database, syncs it and takes it away again: errors as of a write to the database (ToStatus).
// The database itself is no help here: on a full disk a small change still fits into its write-ahead log.
absl::Status ProbeDisk(const std::string& database);

// How many more bytes fit on the disk of `file`; 0 where that cannot be found out.
std::uint64_t FreeBytesOnDiskOf(const std::string& file);

}  // namespace ofsweep
