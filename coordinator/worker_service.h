#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "coordinator/attempt_secrets.h"
#include "coordinator/call_admission.h"
#include "coordinator/coordinator.h"
#include "coordinator/log_intake.h"
#include "ofsweep/v1/worker.grpc.pb.h"

namespace ofsweep {

// WorkerService of proto/ofsweep/v1/worker.proto: checks what a worker sends, and that it speaks of itself and of its
// own attempts alone; hands it to the coordinator and waits until the answer is durable.
class WorkerServiceImpl final : public v1::WorkerService::Service {
 public:
  // All must outlive the service.
  WorkerServiceImpl(Coordinator& coordinator, LogIntake& logs, const AttemptSecrets& secrets,
                    const CallAdmission& admission)
      : coordinator_(coordinator), logs_(logs), secrets_(secrets), admission_(admission) {}

  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest*, v1::SynchronizeResponse*) override;
  grpc::Status PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest*, v1::PushMetricsResponse*) override;
  grpc::Status PushLog(grpc::ServerContext*, const v1::PushLogRequest*, v1::PushLogResponse*) override;

 private:
  // A request within its bounds, of a caller who does not make too many.
  grpc::Status Serve(const grpc::ServerContext& context, const google::protobuf::Message& request,
                     const std::function<grpc::Status()>& handle);
  void NoteUnproven(const AttemptName& attempt, const std::string& peer);

  Coordinator& coordinator_;
  LogIntake& logs_;
  const AttemptSecrets& secrets_;
  const CallAdmission& admission_;
  std::atomic<bool> has_noted_unproven_ = false;  // whoever guesses could fill the log
};

}  // namespace ofsweep
