#pragma once

#include "coordinator/coordinator.h"
#include "coordinator/log_intake.h"
#include "ofsweep/v1/worker.grpc.pb.h"

namespace ofsweep {

// WorkerService of proto/ofsweep/v1/worker.proto: checks what a worker sends, hands it to the coordinator and waits
// until the answer is durable.
class WorkerServiceImpl final : public v1::WorkerService::Service {
 public:
  // Both must outlive the service.
  WorkerServiceImpl(Coordinator& coordinator, LogIntake& logs) : coordinator_(coordinator), logs_(logs) {}

  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest*, v1::SynchronizeResponse*) override;
  grpc::Status PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest*, v1::PushMetricsResponse*) override;
  grpc::Status PushLog(grpc::ServerContext*, const v1::PushLogRequest*, v1::PushLogResponse*) override;

 private:
  Coordinator& coordinator_;
  LogIntake& logs_;
};

}  // namespace ofsweep
