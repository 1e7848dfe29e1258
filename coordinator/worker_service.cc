#include "coordinator/worker_service.h"

#include <utility>
#include <vector>

#include "coordinator/rpc_status.h"
#include "coordinator/scrape_targets.h"
#include "coordinator/worker_wire.h"

namespace ofsweep {

grpc::Status WorkerServiceImpl::Synchronize(grpc::ServerContext* context, const v1::SynchronizeRequest* request,
                                            v1::SynchronizeResponse* response) {
  return Guarded([&]() -> grpc::Status {
    std::vector<Problem> problems;
    WorkerReport report = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    report.scrape_target = ScrapeTarget(request->http_address(), context->peer());
    const auto answer = coordinator_.Synchronize(report);
    if (!answer.ok()) return StorageStatus(answer.status());
    *response = ToMessage(*answer);
    return grpc::Status::OK;
  });
}

grpc::Status WorkerServiceImpl::PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest* request,
                                            v1::PushMetricsResponse* response) {
  return Guarded([&]() -> grpc::Status {
    std::vector<Problem> problems;
    std::vector<AttemptPoints> attempts = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    const auto outcomes = coordinator_.Push(request->worker_id(), FromMessage(request->database()), attempts);
    if (!outcomes.ok()) return StorageStatus(outcomes.status());
    *response = ToMessage(*outcomes);
    return grpc::Status::OK;
  });
}

grpc::Status WorkerServiceImpl::PushLog(grpc::ServerContext*, const v1::PushLogRequest* request,
                                        v1::PushLogResponse* response) {
  return Guarded([&]() -> grpc::Status {
    std::vector<Problem> problems;
    std::vector<LogPiece> pieces = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    if (FromMessage(request->database()) != coordinator_.identity()) {
      return {grpc::StatusCode::ABORTED,
              "the worker has not synchronized with this database since the coordinator was started"};
    }
    coordinator_.ShowLogged(pieces);
    const auto outcomes = logs_.Take(std::move(pieces));
    if (!outcomes.ok()) return StorageStatus(outcomes.status());
    *response = ToMessage(*outcomes);
    return grpc::Status::OK;
  });
}

}  // namespace ofsweep
