#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/database_connection.h"

namespace ofsweep {

// Opens a database that is there to read it, where `check` finds that it is one to be read: CheckSchema or CheckOrigin
// (schema.h), say. Errors: NotFound when there is no such file; that of `check`; those of ToStatus (sqlite_status.h).
absl::StatusOr<std::unique_ptr<DatabaseConnection>> OpenToRead(const std::string& path,
                                                               absl::Status (*check)(DatabaseConnection&,
                                                                                     const std::string&));

}  // namespace ofsweep
