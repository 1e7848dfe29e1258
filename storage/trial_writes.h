#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/store.h"

namespace ofsweep {

// What the store does to sweeps and trials, on the writer's connection. The caller opens and ends the transactions and
// rolls back whatever is not OK; contracts are those of Store. SQLite's errors are thrown.
absl::Status InsertSweep(DatabaseConnection& connection, const SweepRow& sweep, const std::vector<TrialRow>& trials);
absl::Status SetSweepState(DatabaseConnection& connection, const std::string& sweep, SweepState state, TimeMs at);
absl::Status ChangeTrial(DatabaseConnection& connection, const TrialChange& change);
absl::Status RecordAttempt(DatabaseConnection& connection, const AttemptRow& attempt);
absl::Status RecordOrigin(DatabaseConnection& connection, const AttemptName& attempt, const AttemptOrigin& origin);
absl::Status FixInput(DatabaseConnection& connection, const std::string& sweep, const DataInput& input,
                      const std::string& fingerprint);

}  // namespace ofsweep
