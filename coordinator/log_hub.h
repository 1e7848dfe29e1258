#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <thread>

#include <grpcpp/support/server_callback.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/sweep_views.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/log_store.h"
#include "storage/store.h"

namespace ofsweep {

// Serves every open TailLog stream, as WatchHub those of WatchSweep: one thread writes to the streams that have
// something to read, another waits for attempts to end. A stream holds no thread and one message of at most 64 KiB,
// however slowly it is read; what goes meanwhile to make room is left out.
class LogHub {
 public:
  // All must outlive the hub. Without `live`, which may be null, no attempt runs, and there is nothing to follow.
  LogHub(LogStore& logs, Store& store, SweepViews* live);
  // Call Stop, shut the gRPC server down, then destroy: waits until gRPC has let go of every stream.
  ~LogHub();

  // Never blocks: gRPC calls it on its own thread.
  grpc::ServerWriteReactor<v1::TailLogResponse>* Tail(const v1::TailLogRequest& request);

  // These were stored.
  void NoteGrowth(std::span<const LogPiece> pieces);

  // Ends all streams, and those still to come, with UNAVAILABLE.
  void Stop();

 private:
  class Tailer;
  enum class Step { kWrite, kWait, kEnd };

  void FollowChanges();
  void ServeTailers();
  void Serve(Tailer& tailer);
  // What comes next for a stream; kWrite: its message is filled.
  absl::StatusOr<Step> Next(Tailer& tailer);
  absl::StatusOr<bool> MayGrow(Tailer& tailer);
  absl::Status Open(Tailer& tailer);
  Tailer* NextDue(absl::Time now, absl::Time& wake) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  LogStore& logs_;
  Store& store_;
  SweepViews* const live_;
  absl::Mutex mutex_;
  absl::CondVar something_new_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool destroying_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Tailer*> tailers_ ABSL_GUARDED_BY(mutex_);  // a tailer deletes itself when gRPC is done with it
  std::thread follower_;                               // none without `live`
  std::thread server_;
};

}  // namespace ofsweep
