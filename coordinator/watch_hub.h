#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "coordinator/stream_hub.h"
#include "coordinator/sweep_views.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/store.h"

namespace ofsweep {

// Serves every open WatchSweep stream.
class WatchHub {
 public:
  // Both must outlive the hub, which is ended like a StreamHub.
  WatchHub(SweepViews& views, Store& store);

  // Never blocks: gRPC calls it on its own thread. `caller`: LimitKey.
  grpc::ServerWriteReactor<v1::WatchSweepResponse>* Watch(grpc::CallbackServerContext& context,
                                                          const v1::WatchSweepRequest& request,
                                                          const std::string& caller);
  void Stop() { streams_.Stop(); }

 private:
  class Watcher;

  SweepViews& views_;
  Store& store_;
  StreamHub streams_;
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
