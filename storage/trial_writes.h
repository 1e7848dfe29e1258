#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/point_writes.h"
#include "storage/store.h"

namespace ofsweep {

// What the store does to sweeps and trials, on the writer's connection. The caller opens and ends the transactions and
// rolls back whatever is not OK; contracts are those of Store. SQLite's errors are thrown.
absl::Status Apply(DatabaseConnection& connection, PointWrites& points, const StateChange& change);

}  // namespace ofsweep
