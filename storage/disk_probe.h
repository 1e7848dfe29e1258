#pragma once

#include <string>

#include "absl/status/status.h"
#include "host/disk.h"  // who probes a disk asks for its free bytes too

namespace ofsweep {

// Writes a file beside the database, syncs it and takes it away again: errors as of a write to the database (ToStatus).
// The database itself is no help here: on a full disk a small change still fits into its write-ahead log.
absl::Status ProbeDisk(const std::string& database);

}  // namespace ofsweep
