#pragma once

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/merge.h"

namespace ofsweep {

// What sweeps are fixed to read (sweep_inputs), where a trial that reads it is in both databases: one curve of it is
// left, and the sweeps of both go on with it, so they have to be of the same content. In the transaction of the merge.
// SQLite's errors are thrown.
//
// Before any row is copied. FailedPrecondition where two sweeps were fixed to different contents.
absl::Status CheckSharedInputs(DatabaseConnection& connection, const MergeRequest& request);

// Ours read what theirs were fixed to, where that was still open for them.
void FixInputsOfOurs(DatabaseConnection& connection);
// Likewise their sweep `theirs`, which is `sweep` here.
void FixInputsOfNew(DatabaseConnection& connection, std::int64_t theirs, std::int64_t sweep);

}  // namespace ofsweep
