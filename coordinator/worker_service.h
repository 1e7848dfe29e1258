#pragma once

#include <atomic>
#include <string>

#include "coordinator/attempt_secrets.h"
#include "coordinator/coordinator.h"
#include "coordinator/log_intake.h"
#include "ofsweep/v1/worker.grpc.pb.h"

namespace ofsweep {

// WorkerService of proto/ofsweep/v1/worker.proto: checks what a worker sends, and that it speaks of itself and of its
// own attempts alone; hands it to the coordinator and waits until the answer is durable.
class WorkerServiceImpl final : public v1::WorkerService::Service {
 public:
  // All must outlive the service.
  WorkerServiceImpl(Coordinator& coordinator, LogIntake& logs, const AttemptSecrets& secrets)
      : coordinator_(coordinator), logs_(logs), secrets_(secrets) {}

  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest*, v1::SynchronizeResponse*) override;
  grpc::Status PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest*, v1::PushMetricsResponse*) override;
  grpc::Status PushLog(grpc::ServerContext*, const v1::PushLogRequest*, v1::PushLogResponse*) override;

 private:
  void NoteUnproven(const AttemptName& attempt, const std::string& peer);

  Coordinator& coordinator_;
  LogIntake& logs_;
  const AttemptSecrets& secrets_;
  std::atomic<bool> has_noted_unproven_ = false;  // whoever guesses could fill the log
};

}  // namespace ofsweep
