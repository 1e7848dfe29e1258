#pragma once

#include <span>
#include <string>

#include <grpcpp/support/server_callback.h>

#include "coordinator/clock.h"
#include "coordinator/stream_hub.h"
#include "coordinator/sweep_views.h"
#include "ofsweep/v1/sweep.pb.h"
#include "storage/log_store.h"
#include "storage/store.h"

namespace ofsweep {

// Serves every open TailLog stream. What goes while one is read slowly, to make room for newer logs, is left out.
class LogHub {
 public:
  // All must outlive the hub, which is ended like a StreamHub. Without `live`, which may be null, no attempt runs, and
  // there is nothing to follow; nor need there be a file of logs.
  LogHub(LogStore& logs, Store& store, const Clock& clock, SweepViews* live);

  // Never blocks: gRPC calls it on its own thread. `caller`: LimitKey.
  grpc::ServerWriteReactor<v1::TailLogResponse>* Tail(grpc::CallbackServerContext& context,
                                                      const v1::TailLogRequest& request, const std::string& caller);
  // These were stored.
  void NoteGrowth(std::span<const LogPiece> pieces);
  void Stop() { streams_.Stop(); }

 private:
  class Tailer;

  LogStore& logs_;
  Store& store_;
  const Clock& clock_;
  const bool follows_;
  StreamHub streams_;
};

}  // namespace ofsweep
