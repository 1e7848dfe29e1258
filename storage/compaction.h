#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

struct Compaction {
  std::uint64_t bytes_before = 0;  // of the file and its write-ahead log
  std::uint64_t bytes_after = 0;
};

// Gives back what deleted sweeps and trials have left of the file: writes it anew beside itself, checks that, and
// renames it over the old one. A kill at any moment, or a full disk, leaves the one or the other, whole. Older versions
// are brought up to date. Errors: NotFound when there is none; Unavailable while a coordinator or any other program has
// it open; DataLoss when it is damaged; ResourceExhausted when the new file cannot be written; those of Store::Open.
absl::StatusOr<Compaction> CompactDatabase(const std::string& path);

}  // namespace ofsweep
