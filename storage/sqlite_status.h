#pragma once

#include <SQLiteCpp/Exception.h>

#include <string>

#include "absl/status/status.h"

struct sqlite3;

namespace ofsweep {

// What went wrong with the database file, and how to mend it:
//   ResourceExhausted   the disk, the quota or the file size limit is full
//   Unavailable         another program holds the write lock
//   FailedPrecondition  not a database, or one that cannot be written
//   DataLoss            the file is damaged
//   Internal            anything else
// `connection` tells the operating system's reason; it may be null.
absl::Status ToStatus(const SQLite::Exception& error, sqlite3* connection, const std::string& path);

// As of a full disk (host/disk.h).
absl::Status NoSpace(const std::string& path, const std::string& what);

}  // namespace ofsweep
