#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/database_connection.h"
#include "storage/file_draft.h"

namespace ofsweep {

// Whether the file begins as an ofsweep database does.
bool IsOfsweepDatabase(const std::string& path);

// The draft of a database: of what lies under its name, only a copy that was left unfinished is removed.
absl::StatusOr<std::unique_ptr<FileDraft>> BeginDatabase(const std::string& target, const std::string& advice);

// Writes one consistent state of the database that `source` has open into a draft that is still empty, compact and in
// rollback mode. Errors: ResourceExhausted when the draft cannot be written; Internal when a disk fails and SQLite does
// not tell which of the two; those of ToStatus (sqlite_status.h) when the source cannot be read.
absl::Status CopyDatabase(SQLite::Database& source, const std::string& source_path, const FileDraft& draft);

}  // namespace ofsweep
