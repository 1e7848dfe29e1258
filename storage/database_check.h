#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ofsweep {

// One thing that the database promises, and whether it holds.
struct DatabaseCheck {
  std::string name;
  std::string extent = {};               // of what it was checked, with numbers; "" where it could not be read
  std::string promise;                   // what holds there if nothing is wrong
  std::vector<std::string> faults = {};  // the first ones
  std::uint64_t fault_count = 0;
  std::string mend;  // how

  void Add(std::string fault);
};

// Checks the database at `path`, a coordinator's or a copy: its file, that its rows refer to rows that are there,
// states, identities, curves and results. Reads only, in one snapshot, beside a running coordinator too, whose
// write-ahead log grows meanwhile. Where the file itself is damaged, nothing else is checked. Errors: NotFound when
// there is none; FailedPrecondition when it is not of this program's version; those of ToStatus (sqlite_status.h) when
// it cannot be read at all.
absl::StatusOr<std::vector<DatabaseCheck>> CheckDatabase(const std::string& path);

// Likewise of what trainers have logged (log_store.h), a file that nothing else hangs on: that it cannot be read, or is
// none, is a fault of this check alone.
DatabaseCheck CheckLogs(const std::string& path);

}  // namespace ofsweep
