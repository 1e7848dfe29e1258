#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "storage/database_connection.h"

namespace ofsweep {

// "OFSW" in ASCII, the database's application_id: tells `file` and us whose database it is.
inline constexpr std::int64_t kApplicationId = 0x4F465357;

// Makes the database `connection` has open an ofsweep database of this program's version: lays out an empty file,
// applies the migrations that an older one lacks, each in one transaction. FailedPrecondition for another program's
// database and for one of a newer ofsweep; SQLite's errors are thrown. `path` is only for messages.
absl::Status MigrateSchema(DatabaseConnection& connection, const std::string& path);

// That MigrateSchema would not refuse it, without changing anything.
absl::Status CheckOrigin(DatabaseConnection& connection, const std::string& path);

// Likewise, and that it is of this version; FailedPrecondition for an older one, too.
absl::Status CheckSchema(DatabaseConnection& connection, const std::string& path);

}  // namespace ofsweep
