#pragma once

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/merge.h"

namespace ofsweep {

// Brings the trials of the attached database `source` into the main one, with their attempts and points, in the
// transaction that is open; the temporary table merged_trials (theirs, ours) says which is which. Errors as
// MergeDatabase. SQLite's errors are thrown.
absl::Status MergeTrials(DatabaseConnection& connection, const MergeRequest& request, MergeCounts& counts);

}  // namespace ofsweep
