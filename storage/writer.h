#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/database_connection.h"
#include "storage/file_identity.h"
#include "storage/point_writes.h"
#include "storage/store.h"
#include "storage/writer_lock.h"

namespace ofsweep {

// The one thread that writes. Operations queue up and are committed in groups, and all are answered after the common
// commit. A failing one leaves nothing behind and the others stand: where one fails, the group is applied once more,
// each under a savepoint of its own, which copies every page that is written. When the disk fails the commit itself,
// each operation is tried again alone.
class Writer {
 public:
  struct Operation {
    std::string_view kind;  // for the observer
    std::size_t bytes = 0;  // about what it holds in memory
    // May be called again after a rollback. Whatever is not OK is rolled back.
    std::function<absl::Status(DatabaseConnection&, PointWrites&)> apply;
    std::function<void(const absl::Status&)> done;
  };
  using Observer = std::function<void(const std::string& kind, double seconds)>;

  // Takes the lock, opens or makes the file, migrates it, starts the thread.
  static absl::StatusOr<std::unique_ptr<Writer>> Open(const StoreOptions& options);
  // Applies what is queued, then stops. Sealing that is still to do is found again by the next Open.
  ~Writer();

  // Never waits for the disk.
  void Submit(Operation operation);
  void Observe(Observer observer);
  void ObserveFailures(std::function<void(const absl::Status&)> observer);

 private:
  Writer(std::string path, std::unique_ptr<WriterLock> lock, std::unique_ptr<DatabaseConnection> connection,
         std::int64_t seal_every_steps);

  void Run();
  // Sealing waits for more of it, so that many short trials share a commit, but not for long; a long trial's goes on
  // slice by slice.
  bool SealIsDue() const;
  bool ClearIsDue() const;
  bool HasOperationsOrStops() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); }
  // Empty when sealing is due, or the writer stops.
  std::vector<Operation> TakeGroup();
  void Commit(std::span<Operation> group);
  // False where one fails; then the transaction is to be rolled back.
  bool ApplyUnguarded(std::span<Operation> group);
  absl::Status ApplyTogether(std::span<Operation> group, std::vector<absl::Status>& outcomes);
  absl::Status ApplyOne(const Operation& operation);
  // What was committed to a file that has no name any more is gone with the process: the database, or its log.
  absl::Status CheckFilesAreThere();
  // Sealing, and removing the points of deleted trials, go on slice by slice between the groups.
  void WriteSlice(std::string_view kind, void (PointWrites::*slice)());
  void Rollback();
  void CheckpointLongWal();
  // Also gives the log's space back, unless a reader is in the way.
  void FoldWalBack();
  void ReportFailure(const absl::Status& committed, std::span<const absl::Status> outcomes);
  void Report(std::span<const Operation> group, double seconds);

  const std::string path_;
  const std::unique_ptr<WriterLock> lock_;
  const std::unique_ptr<DatabaseConnection> connection_;  // only the thread uses it
  const std::optional<FileIdentity> file_;                // that the connection has open
  std::optional<FileIdentity> log_;                       // likewise, of PATH-wal
  PointWrites points_;                                    // likewise
  int wal_pages_ = 0;                                     // likewise; after the last commit
  bool slice_failed_ = false;                             // likewise; slices wait for the next successful commit

  absl::Mutex mutex_;
  std::deque<Operation> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Observer observer_ ABSL_GUARDED_BY(mutex_);
  std::function<void(const absl::Status&)> failure_observer_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace ofsweep
