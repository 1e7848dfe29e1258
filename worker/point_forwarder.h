#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "ofsweep/v1/worker.grpc.pb.h"
#include "worker/call_loop.h"
#include "worker/supervisor.h"

namespace ofsweep {

// Takes points from the outboxes to the coordinator: one PushMetrics at a time, made of whatever waits on disk when the
// one before was acknowledged. So a slow coordinator gets larger requests up to the bound, and memory stays flat.
class PointForwarder {
 public:
  // `synchronize` has the coordinator asked what it holds.
  PointForwarder(boost::asio::io_context& io, v1::WorkerService::StubInterface& stub, const AgentOptions& options,
                 Supervisor& supervisor, std::function<void()> synchronize);

  void Soon() { calls_.Soon(); }
  void Close() { calls_.Close(); }
  bool idle() const { return calls_.idle(); }

 private:
  struct Sent {
    AttemptName name;
    Outbox::Batch batch;
  };

  std::optional<v1::PushMetricsRequest> Next();
  std::optional<std::chrono::milliseconds> OnAnswer(const v1::PushMetricsResponse& response);
  void OnFailure(const grpc::Status& status);

  const AgentOptions& options_;
  Supervisor& supervisor_;
  const std::function<void()> synchronize_;
  std::vector<Sent> sent_;     // what the running request holds, entry for entry
  std::uint64_t sent_to_ = 0;  // the incarnation that it is for
  // After a request was refused as invalid or too large, attempts are sent one by one, so that only the one at fault
  // fails.
  bool one_by_one_ = false;
  bool away_ = false;
  CallLoop<v1::PushMetricsRequest, v1::PushMetricsResponse> calls_;
};

}  // namespace ofsweep
