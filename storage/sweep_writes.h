#pragma once

#include <string>

#include "absl/status/status.h"
#include "storage/database_connection.h"
#include "storage/store.h"

namespace ofsweep {

// What submitting and updating a sweep do to the database, on the writer's connection; the caller opens and ends the
// transactions and rolls back whatever is not OK. Contracts are those of StateChange. SQLite's errors are thrown.
absl::Status InsertSweep(DatabaseConnection& connection, const NewSweep& added);
// InvalidArgument where not all trials that the sweep has come first, in their order.
absl::Status UpdateSweep(DatabaseConnection& connection, const NewSweep& updated);

// SQL: the milliseconds of a parameter as the views show a time.
std::string ShownTime(const char* milliseconds);

}  // namespace ofsweep
