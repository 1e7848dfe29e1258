#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "coordinator/ablation_table.h"
#include "coordinator/audit.h"
#include "coordinator/call_admission.h"
#include "coordinator/coordinator.h"
#include "coordinator/curve_streams.h"
#include "coordinator/log_hub.h"
#include "coordinator/log_intake.h"
#include "coordinator/sweep_reader.h"
#include "coordinator/watch_hub.h"
#include "ofsweep/v1/sweep.grpc.pb.h"
#include "storage/store.h"

namespace ofsweep {

// How many answers of QueryCurves are sent at once.
inline constexpr std::size_t kCurveStreams = 32;

// SweepService of proto/ofsweep/v1/sweep.proto, whose comments say what each RPC does. Plain functions on gRPC's
// threads, except for WatchSweep and TailLog (see WatchHub and LogHub).
class SweepServiceImpl final : public v1::SweepService::WithCallbackMethod_WatchSweep<
                                   v1::SweepService::WithCallbackMethod_TailLog<v1::SweepService::Service>> {
 public:
  // What a coordinator has and a database alone has not; all must outlive the service.
  struct Running {
    Coordinator& coordinator;
    WatchHub& hub;
    LogIntake& logs;
    const CallAdmission& admission;
    Audit& audit;
  };

  // Both must outlive the service. Without `running` it only reads; RPCs that change or follow something answer
  // UNAVAILABLE.
  SweepServiceImpl(Store& store, LogHub& log_hub, std::optional<Running> running)
      : store_(store),
        log_hub_(log_hub),
        coordinator_(running ? &running->coordinator : nullptr),
        hub_(running ? &running->hub : nullptr),
        logs_(running ? &running->logs : nullptr),
        admission_(running ? &running->admission : nullptr),
        audit_(running ? &running->audit : nullptr),
        reader_(store, running ? &running->coordinator.views() : nullptr) {}

  // Streams that are being sent end with UNAVAILABLE.
  void Stop() { stopping_ = true; }

  grpc::Status SubmitSweep(grpc::ServerContext*, const v1::SubmitSweepRequest*, v1::SubmitSweepResponse*) override;
  grpc::Status UpdateSweep(grpc::ServerContext*, const v1::SubmitSweepRequest*, v1::SubmitSweepResponse*) override;
  grpc::Status GetSweep(grpc::ServerContext*, const v1::GetSweepRequest*, v1::GetSweepResponse*) override;
  grpc::Status ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest*, v1::ListSweepsResponse*) override;
  grpc::ServerWriteReactor<v1::WatchSweepResponse>* WatchSweep(grpc::CallbackServerContext*,
                                                               const v1::WatchSweepRequest*) override;
  grpc::Status CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest*, v1::CancelSweepResponse*) override;
  grpc::Status PauseSweep(grpc::ServerContext*, const v1::PauseSweepRequest*, v1::PauseSweepResponse*) override;
  grpc::Status ResumeSweep(grpc::ServerContext*, const v1::ResumeSweepRequest*, v1::ResumeSweepResponse*) override;
  grpc::Status DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest*, v1::DeleteSweepResponse*) override;
  grpc::Status RetryTrials(grpc::ServerContext*, const v1::RetryTrialsRequest*, v1::RetryTrialsResponse*) override;
  grpc::Status ListTrials(grpc::ServerContext*, const v1::ListTrialsRequest*, v1::ListTrialsResponse*) override;
  grpc::Status GetTrial(grpc::ServerContext*, const v1::GetTrialRequest*, v1::GetTrialResponse*) override;
  grpc::ServerWriteReactor<v1::TailLogResponse>* TailLog(grpc::CallbackServerContext*,
                                                         const v1::TailLogRequest*) override;
  grpc::Status ListSeries(grpc::ServerContext*, const v1::ListSeriesRequest*, v1::ListSeriesResponse*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*, v1::ListWorkersResponse*) override;
  grpc::Status QueryCurves(grpc::ServerContext*, const v1::QueryCurvesRequest*,
                           grpc::ServerWriter<v1::QueryCurvesResponse>*) override;
  grpc::Status AddEvaluations(grpc::ServerContext*, const v1::AddEvaluationsRequest*,
                              v1::AddEvaluationsResponse*) override;
  grpc::Status GetAblationTable(grpc::ServerContext*, const v1::GetAblationTableRequest*,
                                v1::GetAblationTableResponse*) override;

 private:
  // A request within its bounds, of a caller who does not make too many.
  grpc::Status Serve(const grpc::ServerContextBase& context, const google::protobuf::Message& request,
                     const std::function<grpc::Status()>& handle);
  // The same of a stream, which is not sent yet, and who asks for it (LimitKey).
  grpc::Status ServeStream(const grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                           std::string& caller_key);
  using Take = absl::StatusOr<SubmitResult> (SweepIntake::*)(const Submission&, std::vector<Problem>&);
  grpc::Status Submit(const grpc::ServerContext& context, const char* action, const v1::SubmitSweepRequest& request,
                      Take take, v1::SubmitSweepResponse& response);
  grpc::Status TakeIn(Submission submission, Take take, v1::SubmitSweepResponse& response);
  // Makes a call that changes the sweep, where its caller may change it, and has it written down.
  grpc::Status Record(const grpc::ServerContext& context, const char* action, const std::string& sweep,
                      const std::function<grpc::Status(const Caller&)>& change);
  // Serves it.
  grpc::Status Change(const grpc::ServerContext& context, const google::protobuf::Message& request, const char* action,
                      const std::string& sweep, const std::function<grpc::Status(const Caller&)>& change);
  // The same for `change`, and answers with the sweep as it is then.
  grpc::Status ChangeState(const grpc::ServerContext& context, const google::protobuf::Message& request,
                           const char* action, const std::string& sweep,
                           const std::function<absl::Status(Coordinator&)>& change, v1::Sweep& answer);
  absl::Status CheckOwner(const Caller& caller, const std::string& sweep);
  // Of every sweep that holds one of the trials: what is added to a trial shows in all of them.
  absl::Status CheckOwnerOfAll(const Caller& caller, const std::vector<std::string>& trial_ids);
  grpc::Status ReadSweep(const std::string& name, v1::Sweep& answer);
  grpc::Status SendCurves(const v1::QueryCurvesRequest& request, const std::function<bool()>& is_cancelled,
                          CurveStreams::Place& place, grpc::ServerWriter<v1::QueryCurvesResponse>& writer);

  Store& store_;
  LogHub& log_hub_;
  Coordinator* const coordinator_;
  WatchHub* const hub_;
  LogIntake* const logs_;
  const CallAdmission* const admission_;
  Audit* const audit_;
  SweepReader reader_;
  CurveStreams curve_streams_{kCurveStreams, kReaderPatience};
  std::atomic<bool> stopping_ = false;
};

}  // namespace ofsweep
