#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/database_connection.h"
#include "storage/file_identity.h"
#include "storage/sqlite_status.h"

namespace ofsweep {

// Read-only connections. Any thread borrows one for the length of one read.
class ReaderPool {
 public:
  explicit ReaderPool(std::string path) : path_(std::move(path)), file_(IdentityOf(path_)) {}

  // Calls `read` with a connection, waiting for a free one when all are lent, and turns SQLite's exceptions into a
  // status. `read` returns a Status or StatusOr.
  template <class Read>
  auto With(const Read& read) -> decltype(read(std::declval<DatabaseConnection&>())) {
    Lease lease(*this);
    try {
      return read(lease.Get());
    } catch (const SQLite::Exception& error) {
      return ToStatus(error, lease.HandleOrNull(), path_);
    } catch (const std::exception& error) {
      return absl::InternalError(path_ + ": " + error.what());
    }
  }

 private:
  class Lease {
   public:
    explicit Lease(ReaderPool& pool);
    ~Lease();
    // Throws SQLite::Exception when it cannot be opened, std::runtime_error when the path names another file by now.
    DatabaseConnection& Get();
    sqlite3* HandleOrNull() const { return connection_ == nullptr ? nullptr : connection_->handle(); }

   private:
    ReaderPool& pool_;
    std::unique_ptr<DatabaseConnection> connection_;
  };

  bool HasOneToLend() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  const std::optional<FileIdentity> file_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<DatabaseConnection>> free_ ABSL_GUARDED_BY(mutex_);
  int lent_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ofsweep
