#include "coordinator/worker_service.h"

#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "access/worker_id.h"
#include "coordinator/grpc_access.h"
#include "coordinator/proven_entries.h"
#include "coordinator/rpc_status.h"
#include "coordinator/scrape_targets.h"
#include "coordinator/worker_wire.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

grpc::Status NotItsOwnId(const std::string& worker_id) {
  return {
      grpc::StatusCode::PERMISSION_DENIED,
      absl::StrCat("worker_id ", Quoted(worker_id),
                   " does not end with the digits of its worker_key. A worker makes both, worker-id and "
                   "worker-key in its --data-dir; one of an older ofsweep has no key: install one version on both")};
}

}  // namespace

grpc::Status WorkerServiceImpl::Serve(const grpc::ServerContext& context, const google::protobuf::Message& request,
                                      const std::function<grpc::Status()>& handle) {
  if (absl::Status counted = CountNameless(context, admission_); !counted.ok()) return ToGrpcStatus(counted);
  return Guarded(request, handle);
}

grpc::Status WorkerServiceImpl::Synchronize(grpc::ServerContext* context, const v1::SynchronizeRequest* request,
                                            v1::SynchronizeResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    if (!IsProvenBy(request->worker_id(), request->worker_key())) return NotItsOwnId(request->worker_id());
    std::vector<Problem> problems;
    WorkerReport report = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    const std::vector<bool> proven = WhichAreProven(request->attempts(), secrets_);
    for (AttemptReport& unproven : TakeUnproven(report.attempts, proven)) {
      NoteUnproven(unproven.name, context->peer());
      report.unproven.push_back(std::move(unproven.name));
    }
    report.scrape_target = ScrapeTarget(request->http_address(), context->peer());
    const auto answer = coordinator_.Synchronize(report);
    if (!answer.ok()) return StorageStatus(answer.status());
    *response = ToMessage(*answer, secrets_);
    return grpc::Status::OK;
  });
}

grpc::Status WorkerServiceImpl::PushMetrics(grpc::ServerContext* context, const v1::PushMetricsRequest* request,
                                            v1::PushMetricsResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    std::vector<Problem> problems;
    std::vector<AttemptPoints> attempts = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    const std::vector<bool> proven = WhichAreProven(request->trials(), secrets_);
    for (const AttemptPoints& unproven : TakeUnproven(attempts, proven)) NoteUnproven(unproven.name, context->peer());
    auto outcomes = coordinator_.Push(FromMessage(request->database()), attempts);
    if (!outcomes.ok()) return StorageStatus(outcomes.status());
    *response = ToMessage(WithUnproven(*std::move(outcomes), proven, PushOutcome{.fenced = true}));
    return grpc::Status::OK;
  });
}

grpc::Status WorkerServiceImpl::PushLog(grpc::ServerContext* context, const v1::PushLogRequest* request,
                                        v1::PushLogResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    std::vector<Problem> problems;
    std::vector<LogPiece> pieces = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    if (FromMessage(request->database()) != coordinator_.identity()) {
      return {grpc::StatusCode::ABORTED,
              "the worker has not synchronized with this database since the coordinator was started"};
    }
    const std::vector<bool> proven = WhichAreProven(request->chunks(), secrets_);
    for (const LogPiece& unproven : TakeUnproven(pieces, proven)) NoteUnproven(unproven.attempt, context->peer());
    coordinator_.ShowLogged(pieces);
    auto outcomes = logs_.Take(std::move(pieces));
    if (!outcomes.ok()) return StorageStatus(outcomes.status());
    *response = ToMessage(WithUnproven(*std::move(outcomes), proven, LogOutcome{.unknown = true}));
    return grpc::Status::OK;
  });
}

void WorkerServiceImpl::NoteUnproven(const AttemptName& attempt, const std::string& peer) {
  if (has_noted_unproven_.exchange(true)) return;
  spdlog::warn(
      "{} speaks of attempt {} without its secret, and is told to forget it. After an update from an older version, or "
      "where attempt-key was lost or replaced in the data folder, workers do; else somebody pretends to be one. "
      "Further "
      "ones are not told",
      peer, ToText(attempt));
}

}  // namespace ofsweep
