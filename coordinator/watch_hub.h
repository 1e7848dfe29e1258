#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include <grpcpp/support/server_callback.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/sweep_views.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/store.h"

namespace ofsweep {

// Serves every open WatchSweep stream from two threads: one waits for changes in the coordinator, the other writes to
// the streams that are due. That is why this RPC alone uses gRPC's callback interface: a thousand watchers cost no
// thread, while the other RPCs stay plain functions.
class WatchHub {
 public:
  // Both must outlive the hub.
  WatchHub(SweepViews& views, Store& store);
  // Call Stop, shut the gRPC server down, then destroy: waits until gRPC has let go of every stream.
  ~WatchHub();

  // Never blocks: gRPC calls it on its own thread.
  grpc::ServerWriteReactor<v1::WatchSweepResponse>* Watch(const v1::WatchSweepRequest& request);

  // Ends all streams, and those still to come, with UNAVAILABLE.
  void Stop();

 private:
  class Watcher;

  void FollowChanges();
  void ServeWatchers();
  void Serve(Watcher& watcher, std::uint64_t version);
  absl::Status Refill(Watcher& watcher);
  Watcher* NextDue(absl::Time now, absl::Time& wake) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SweepViews& views_;
  Store& store_;
  absl::Mutex mutex_;
  absl::CondVar something_new_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool destroying_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t version_ ABSL_GUARDED_BY(mutex_) = 1;    // grows with every change
  std::set<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);  // a watcher deletes itself when gRPC is done with it
  std::thread follower_;
  std::thread server_;
};

// What brings a watcher up to date, below kMaxResponseBytes: `complete` is false where further finished trials are left
// for another message. `finished_cursor` is none at first.
struct WatchUpdate {
  v1::WatchSweepResponse message;
  bool complete = true;
};
absl::StatusOr<WatchUpdate> NextUpdate(SweepViews& views, Store& store, const std::string& sweep,
                                       std::optional<std::uint64_t>& finished_cursor);

}  // namespace ofsweep
