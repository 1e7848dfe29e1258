#pragma once

#include "coordinator/coordinator.h"
#include "ofsweep/v1/worker.grpc.pb.h"

namespace ofsweep {

// WorkerService of proto/ofsweep/v1/worker.proto: checks what a worker sends, hands it to the coordinator and waits
// until the answer is durable.
class WorkerServiceImpl final : public v1::WorkerService::Service {
 public:
  // `coordinator` must outlive the service.
  explicit WorkerServiceImpl(Coordinator& coordinator) : coordinator_(coordinator) {}

  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest*, v1::SynchronizeResponse*) override;
  grpc::Status PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest*, v1::PushMetricsResponse*) override;

 private:
  Coordinator& coordinator_;
};

}  // namespace ofsweep
