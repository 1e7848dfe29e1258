#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/store.h"

namespace ofsweep {

// What deleting a sweep does to the database; contracts are those of Store. SQLite's errors are thrown.

// On the writer's connection; the caller opens and ends the transactions. No view shows what is left of it afterwards:
// the points of its trials, which ClearDeletedPoints removes.
absl::Status DeleteSweep(DatabaseConnection& connection, const SweepDeletion& deletion);
// Removes a bounded number of points, so that other writes need not wait long.
void ClearDeletedPoints(DatabaseConnection& connection);
bool HasDeletedPoints(DatabaseConnection& connection);

std::vector<DeletedTrial> ListDeletedTrials(DatabaseConnection& connection);

}  // namespace ofsweep
