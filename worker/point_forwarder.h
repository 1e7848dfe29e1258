#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <grpcpp/support/status.h>

#include "ofsweep/v1/worker.pb.h"
#include "worker/supervisor.h"

namespace ofsweep {

// Takes points from the outboxes to the coordinator: one PushMetrics at a time, made of whatever waits on disk when the
// one before was acknowledged. So a slow coordinator gets larger requests up to the bound, and memory stays flat. Says
// what to send, and follows what was answered; its owner makes the calls, one at a time (CallLoop).
class PointForwarder {
 public:
  // `synchronize` has the coordinator asked what it holds.
  PointForwarder(const AgentOptions& options, Supervisor& supervisor, std::function<void()> synchronize)
      : options_(options), supervisor_(supervisor), synchronize_(std::move(synchronize)) {}

  // Nothing: no points wait.
  std::optional<v1::PushMetricsRequest> Next();
  // The pause before the next request; nothing: the answer is unusable.
  std::optional<std::chrono::milliseconds> OnAnswer(const v1::PushMetricsResponse& response);
  void OnFailure(const grpc::Status& status);

 private:
  struct Sent {
    AttemptName name;
    Outbox::Batch batch;
  };

  const AgentOptions& options_;
  Supervisor& supervisor_;
  const std::function<void()> synchronize_;
  std::vector<Sent> sent_;     // what the running request holds, entry for entry
  std::uint64_t sent_to_ = 0;  // the incarnation that it is for
  // After a request was refused as invalid or too large, attempts are sent one by one, so that only the one at fault
  // fails.
  bool one_by_one_ = false;
  bool away_ = false;
};

}  // namespace ofsweep
