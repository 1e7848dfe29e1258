#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "storage/database_connection.h"
#include "storage/store.h"
#include "storage/writer_lock.h"

namespace ofsweep {

// The one connection that may write a database, while it has the lock.
struct WriterConnection {
  std::unique_ptr<WriterLock> lock;  // first, so that it is given back last
  std::unique_ptr<DatabaseConnection> connection;
};

// Takes the lock, opens or makes the file, brings it to this program's version. Errors as Store::Open.
absl::StatusOr<WriterConnection> OpenToWrite(const StoreOptions& options);

}  // namespace ofsweep
