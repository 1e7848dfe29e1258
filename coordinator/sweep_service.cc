#include "coordinator/sweep_service.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/evaluations.h"
#include "coordinator/grpc_access.h"
#include "coordinator/rpc_status.h"
#include "coordinator/spec_message.h"
#include "coordinator/wire.h"
#include "experiment/quoted.h"
#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

// Whether the caller has gone. gRPC looks through a completion queue for each answer, as long as a short curve takes to
// be read, so it is asked every few milliseconds.
std::function<bool()> IsCancelledOf(const grpc::ServerContext& context) {
  using Clock = std::chrono::steady_clock;
  return [&context, next = Clock::now(), is_cancelled = false]() mutable {
    if (const auto now = Clock::now(); !is_cancelled && now >= next) {
      next = now + std::chrono::milliseconds(5);
      is_cancelled = context.IsCancelled();
    }
    return is_cancelled;
  };
}

constexpr std::uint32_t kDefaultPage = 100;
constexpr std::uint32_t kLargestPage = 1000;
constexpr std::size_t kCurveMessageBytes = 1024 * 1024;

grpc::Status NoCoordinator() {
  return {grpc::StatusCode::UNAVAILABLE,
          "no coordinator is running, so nothing can be changed or watched; start `ofsweep coordinator` and try again"};
}

struct PageRequest {
  std::uint64_t limit = 0;
  std::uint64_t begin = 0;
};

PageRequest PageOf(std::uint32_t size, const std::string& token, std::vector<Problem>& problems) {
  PageRequest page{.limit = size == 0 ? kDefaultPage : std::min(size, kLargestPage)};
  if (!token.empty() && !absl::SimpleAtoi(token, &page.begin)) {
    problems.push_back({.key = "page_token",
                        .message = absl::StrCat(Quoted(token), " is no page token"),
                        .fix = "send next_page_token of the last page, or nothing for the first"});
  }
  return page;
}

std::vector<TrialState> StatesOf(const v1::ListTrialsRequest& request, std::vector<Problem>& problems) {
  std::vector<TrialState> states;
  for (const std::string& name : request.states()) {
    if (const auto state = ParseTrialState(name)) {
      states.push_back(*state);
    } else {
      problems.push_back({.key = "states",
                          .message = absl::StrCat("unknown state ", Quoted(name)),
                          .fix = "pending, running, completed, diverged, failed, cancelled or pruned"});
    }
  }
  return states;
}

// Ends a stream that nobody serves.
template <class Message>
class Refusal : public grpc::ServerWriteReactor<Message> {
 public:
  explicit Refusal(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

void AddWhatTheCallerSaw(const v1::SubmitSweepRequest& request, SweepSpec& spec, std::vector<Problem>& problems) {
  for (const v1::InputFingerprint& seen : request.fingerprints()) {
    const auto fingerprint = ParseValue(*FindTrialKey("data.fingerprint"), seen.fingerprint());
    if (fingerprint.ok()) {
      const auto [known, is_new] = spec.fingerprints.try_emplace({seen.source(), seen.path()}, seen.fingerprint());
      if (is_new || known->second == seen.fingerprint()) continue;
      problems.push_back(
          {.key = "fingerprints",
           .message = absl::StrCat(ToText(known->first), " has two: ", known->second, " and ", seen.fingerprint()),
           .fix = "send the one that its content has now"});
    } else {
      problems.push_back({.key = "fingerprints.fingerprint", .message = std::string(fingerprint.status().message())});
    }
  }
  if (request.replica().empty()) return;
  const auto replica = ParseValue(*FindTrialKey("replica"), request.replica());
  if (replica.ok()) {
    spec.trial.insert_or_assign("replica", *replica);
  } else {
    problems.push_back({.key = "replica", .message = std::string(replica.status().message())});
  }
}

// Returns how many trials they are.
std::uint32_t Fill(const TrialsBySweep& trials, google::protobuf::RepeatedPtrField<v1::SweepTrials>& message) {
  std::uint32_t all = 0;
  for (const auto& [sweep, count] : trials) {
    v1::SweepTrials& entry = *message.Add();
    entry.set_sweep(sweep);
    entry.set_trials(static_cast<std::uint32_t>(count));
    all += entry.trials();
  }
  return all;
}

}  // namespace

grpc::Status SweepServiceImpl::Serve(const grpc::ServerContextBase& context, const google::protobuf::Message& request,
                                     const std::function<grpc::Status()>& handle) {
  if (admission_ != nullptr) {
    if (absl::Status counted = CountNameless(context, *admission_); !counted.ok()) return ToGrpcStatus(counted);
  }
  return Guarded(request, handle);
}

grpc::Status SweepServiceImpl::ServeStream(const grpc::CallbackServerContext& context,
                                           const google::protobuf::Message& request, std::string& caller_key) {
  return Serve(context, request, [&]() -> grpc::Status {
    if (admission_ == nullptr) return grpc::Status::OK;
    const auto caller = CallerOf(context, *admission_);
    if (caller.ok()) caller_key = LimitKey(*caller);
    return ToGrpcStatus(caller.status());
  });
}

grpc::Status SweepServiceImpl::Submit(const grpc::ServerContext& context, const char* action,
                                      const v1::SubmitSweepRequest& request, Take take,
                                      v1::SubmitSweepResponse& response) {
  if (coordinator_ == nullptr) return NoCoordinator();
  std::string text;
  std::string file;
  std::vector<Problem> problems;
  switch (request.source_case()) {
    case v1::SubmitSweepRequest::kYaml:
      text = request.yaml().text();
      file = request.yaml().file_name();
      break;
    case v1::SubmitSweepRequest::kSpec:
      text = SpecText(request.spec(), problems);
      break;
    default:
      return BadRequest({{.key = "source", .message = "there is no sweep in the request", .fix = "set yaml or spec"}});
  }
  if (!file.empty() && !file.starts_with('/')) {
    return BadRequest({{.key = "yaml.file_name",
                        .message = absl::StrCat(Quoted(file), " is a relative path"),
                        .fix = "the coordinator cannot know your folder: send the absolute path"}});
  }
  SweepSpec spec = ParseSweepSpec(text, file, problems);
  AddWhatTheCallerSaw(request, spec, problems);
  if (!problems.empty()) return BadRequest(problems);
  Submission submission{.spec = std::move(spec),
                        .text = std::move(text),
                        .file = std::move(file),
                        .validate_only = request.validate_only(),
                        .is_cancelled = IsCancelledOf(context)};
  if (request.validate_only()) return TakeIn(std::move(submission), take, response);
  const std::string name = submission.spec.name;
  return Record(context, action, name, [&](const Caller& caller) {
    if (caller.name != kAnyoneName) submission.owner = caller.name;
    return TakeIn(std::move(submission), take, response);
  });
}

grpc::Status SweepServiceImpl::TakeIn(Submission submission, Take take, v1::SubmitSweepResponse& response) {
  std::vector<Problem> problems;
  const auto result = (coordinator_->intake().*take)(submission, problems);
  if (absl::IsCancelled(result.status())) return ToGrpcStatus(result.status());
  if (!result.ok() && !problems.empty()) return BadRequest(problems, result.status().code());
  if (!result.ok()) return StorageStatus(result.status());
  if (result->would_be) {
    *response.mutable_sweep() = ToMessage(result->sweep, *result->would_be, SettingsOf(*result->would_be).varied);
  } else if (const grpc::Status status = ReadSweep(result->sweep.name, *response.mutable_sweep()); !status.ok()) {
    return status;
  }
  response.set_shared_trials(Fill(result->shared_with, *response.mutable_shared_with()));
  Fill(result->anew_beside, *response.mutable_anew_beside());
  response.set_created(result->created);
  response.mutable_differing_keys()->Assign(result->differing_keys.begin(), result->differing_keys.end());
  response.set_updated(result->updated);
  response.set_added_trials(static_cast<std::uint32_t>(result->added));
  return grpc::Status::OK;
}

grpc::Status SweepServiceImpl::SubmitSweep(grpc::ServerContext* context, const v1::SubmitSweepRequest* request,
                                           v1::SubmitSweepResponse* response) {
  return Serve(*context, *request,
               [&] { return Submit(*context, "SubmitSweep", *request, &SweepIntake::Submit, *response); });
}

grpc::Status SweepServiceImpl::UpdateSweep(grpc::ServerContext* context, const v1::SubmitSweepRequest* request,
                                           v1::SubmitSweepResponse* response) {
  return Serve(*context, *request,
               [&] { return Submit(*context, "UpdateSweep", *request, &SweepIntake::Update, *response); });
}

grpc::Status SweepServiceImpl::ReadSweep(const std::string& name, v1::Sweep& answer) {
  auto sweep = reader_.Sweep(name, /*with_spec=*/true);
  if (!sweep.ok()) return StorageStatus(sweep.status());
  answer = *std::move(sweep);
  return grpc::Status::OK;
}

absl::Status SweepServiceImpl::CheckOwner(const Caller& caller, const std::string& sweep) {
  if (caller.role == Role::kAdmin) return absl::OkStatus();
  const auto row = store_.FindSweep(sweep);
  if (!row.ok()) return row.status();
  const std::string owner = *row ? (*row)->owner : "";
  if (owner.empty() || owner == caller.name) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("sweep ", sweep, " is ", owner, "'s, and you are ", caller.name,
                                                  ": ask ", owner, " or an admin, or choose another name"));
}

grpc::Status SweepServiceImpl::Record(const grpc::ServerContext& context, const char* action, const std::string& sweep,
                                      const std::function<grpc::Status(const Caller&)>& change) {
  if (coordinator_ == nullptr) return NoCoordinator();
  const auto caller = CallerOf(context, *admission_);
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return audit_->Record(*caller, action, sweep, [&]() -> grpc::Status {
    if (absl::Status owner = CheckOwner(*caller, sweep); !owner.ok()) return StorageStatus(owner);
    return change(*caller);
  });
}

absl::Status SweepServiceImpl::CheckOwnerOfAll(const Caller& caller, const std::vector<std::string>& trial_ids) {
  std::set<std::string> sweeps;
  for (const std::string& trial_id : trial_ids) {
    const auto arms = store_.ListArms(trial_id);
    if (!arms.ok()) return arms.status();
    for (const auto& [sweep, arm] : *arms) sweeps.insert(sweep);
  }
  for (const std::string& sweep : sweeps) {
    if (absl::Status owner = CheckOwner(caller, sweep); !owner.ok()) return owner;
  }
  return absl::OkStatus();
}

grpc::Status SweepServiceImpl::Change(const grpc::ServerContext& context, const google::protobuf::Message& request,
                                      const char* action, const std::string& sweep,
                                      const std::function<grpc::Status(const Caller&)>& change) {
  return Serve(context, request, [&] { return Record(context, action, sweep, change); });
}

grpc::Status SweepServiceImpl::ChangeState(const grpc::ServerContext& context, const google::protobuf::Message& request,
                                           const char* action, const std::string& sweep,
                                           const std::function<absl::Status(Coordinator&)>& change, v1::Sweep& answer) {
  return Change(context, request, action, sweep, [&](const Caller&) -> grpc::Status {
    if (absl::Status status = change(*coordinator_); !status.ok()) return StorageStatus(status);
    return ReadSweep(sweep, answer);
  });
}

grpc::Status SweepServiceImpl::GetSweep(grpc::ServerContext* context, const v1::GetSweepRequest* request,
                                        v1::GetSweepResponse* response) {
  return Serve(*context, *request, [&] { return ReadSweep(request->name(), *response->mutable_sweep()); });
}

grpc::Status SweepServiceImpl::ListSweeps(grpc::ServerContext* context, const v1::ListSweepsRequest* request,
                                          v1::ListSweepsResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    std::vector<Problem> problems;
    const PageRequest page = PageOf(request->page_size(), request->page_token(), problems);
    if (!problems.empty()) return BadRequest(problems);
    const std::vector<std::string> tags(request->tags().begin(), request->tags().end());
    auto sweeps = reader_.Sweeps(tags, page.limit, page.begin);
    if (!sweeps.ok()) return StorageStatus(sweeps.status());
    response->set_next_page_token(sweeps->next_token);
    response->mutable_sweeps()->Assign(std::make_move_iterator(sweeps->entries.begin()),
                                       std::make_move_iterator(sweeps->entries.end()));
    return grpc::Status::OK;
  });
}

grpc::ServerWriteReactor<v1::WatchSweepResponse>* SweepServiceImpl::WatchSweep(grpc::CallbackServerContext* context,
                                                                               const v1::WatchSweepRequest* request) {
  if (hub_ == nullptr) return new Refusal<v1::WatchSweepResponse>(NoCoordinator());
  std::string caller;
  const grpc::Status status = ServeStream(*context, *request, caller);
  if (!status.ok()) return new Refusal<v1::WatchSweepResponse>(status);
  return hub_->Watch(*context, *request, caller);
}

grpc::Status SweepServiceImpl::CancelSweep(grpc::ServerContext* context, const v1::CancelSweepRequest* request,
                                           v1::CancelSweepResponse* response) {
  return ChangeState(
      *context, *request, "CancelSweep", request->name(), [&](Coordinator& c) { return c.Cancel(request->name()); },
      *response->mutable_sweep());
}

grpc::Status SweepServiceImpl::PauseSweep(grpc::ServerContext* context, const v1::PauseSweepRequest* request,
                                          v1::PauseSweepResponse* response) {
  return ChangeState(
      *context, *request, "PauseSweep", request->name(), [&](Coordinator& c) { return c.Pause(request->name()); },
      *response->mutable_sweep());
}

grpc::Status SweepServiceImpl::ResumeSweep(grpc::ServerContext* context, const v1::ResumeSweepRequest* request,
                                           v1::ResumeSweepResponse* response) {
  return ChangeState(
      *context, *request, "ResumeSweep", request->name(), [&](Coordinator& c) { return c.Resume(request->name()); },
      *response->mutable_sweep());
}

grpc::Status SweepServiceImpl::DeleteSweep(grpc::ServerContext* context, const v1::DeleteSweepRequest* request,
                                           v1::DeleteSweepResponse* response) {
  return Change(*context, *request, "DeleteSweep", request->name(), [&](const Caller&) -> grpc::Status {
    const auto deleted = coordinator_->Delete(request->name());
    if (!deleted.ok()) return StorageStatus(deleted.status());
    logs_->Remove(deleted->begun_trials);
    response->set_deleted_trials(static_cast<std::uint32_t>(deleted->deleted_trials));
    response->set_shared_trials(static_cast<std::uint32_t>(deleted->shared_trials));
    return grpc::Status::OK;
  });
}

grpc::Status SweepServiceImpl::RetryTrials(grpc::ServerContext* context, const v1::RetryTrialsRequest* request,
                                           v1::RetryTrialsResponse* response) {
  const auto retry = [&](Coordinator& coordinator) {
    const auto retried =
        coordinator.Retry(request->sweep(), {request->trial_ids().begin(), request->trial_ids().end()});
    if (retried.ok()) response->set_retried(static_cast<std::uint32_t>(*retried));
    return retried.status();
  };
  return ChangeState(*context, *request, "RetryTrials", request->sweep(), retry, *response->mutable_sweep());
}

grpc::Status SweepServiceImpl::ListTrials(grpc::ServerContext* context, const v1::ListTrialsRequest* request,
                                          v1::ListTrialsResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    std::vector<Problem> problems;
    const PageRequest page = PageOf(request->page_size(), request->page_token(), problems);
    const std::vector<TrialState> states = StatesOf(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    auto trials = reader_.Trials(request->sweep(), states, page.limit, page.begin, !request->omit_config());
    if (!trials.ok()) return StorageStatus(trials.status());
    response->set_next_page_token(trials->next_token);
    response->mutable_trials()->Assign(std::make_move_iterator(trials->entries.begin()),
                                       std::make_move_iterator(trials->entries.end()));
    return grpc::Status::OK;
  });
}

grpc::Status SweepServiceImpl::GetTrial(grpc::ServerContext* context, const v1::GetTrialRequest* request,
                                        v1::GetTrialResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    auto trial = reader_.Trial(request->sweep(), request->trial_id());
    if (!trial.ok()) return StorageStatus(trial.status());
    *response = *std::move(trial);
    return grpc::Status::OK;
  });
}

grpc::ServerWriteReactor<v1::TailLogResponse>* SweepServiceImpl::TailLog(grpc::CallbackServerContext* context,
                                                                         const v1::TailLogRequest* request) {
  std::string caller;
  const grpc::Status status = ServeStream(*context, *request, caller);
  if (!status.ok()) return new Refusal<v1::TailLogResponse>(status);
  return log_hub_.Tail(*context, *request, caller);
}

grpc::Status SweepServiceImpl::ListSeries(grpc::ServerContext* context, const v1::ListSeriesRequest* request,
                                          v1::ListSeriesResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    const auto series = store_.ListSeries(request->sweep());
    if (!series.ok()) return StorageStatus(series.status());
    *response = ToMessage(*series);
    return grpc::Status::OK;
  });
}

grpc::Status SweepServiceImpl::ListWorkers(grpc::ServerContext* context, const v1::ListWorkersRequest* request,
                                           v1::ListWorkersResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    for (const WorkerView& worker : reader_.Workers()) *response->add_workers() = ToMessage(worker);
    return grpc::Status::OK;
  });
}

grpc::Status SweepServiceImpl::SendCurves(const v1::QueryCurvesRequest& request,
                                          const std::function<bool()>& is_cancelled, CurveStreams::Place& place,
                                          grpc::ServerWriter<v1::QueryCurvesResponse>& writer) {
  std::vector<Problem> problems;
  const CurveQuery query = FromMessage(request, problems);
  if (!problems.empty()) return BadRequest(problems);
  if (absl::Status status = reader_.CheckTrialIds(query.sweep, query.trial_ids); !status.ok()) {
    return StorageStatus(status);
  }
  v1::QueryCurvesResponse message;
  std::size_t bytes = 0;
  bool client_is_there = true;
  const auto flush = [&] {
    client_is_there = message.curves().empty() || writer.Write(message);
    place.NoteProgress(absl::Now());
    message.Clear();
    bytes = 0;
    return client_is_there;
  };
  const auto send = [&](const Curve& curve) {
    for (v1::Curve& piece : ToMessages(curve)) {
      bytes += piece.ByteSizeLong();
      *message.add_curves() = std::move(piece);
      if (bytes > kCurveMessageBytes && !flush()) return false;
    }
    return !stopping_ && !is_cancelled();
  };
  const absl::Status status = store_.VisitCurves(query, send);
  if (!status.ok()) return StorageStatus(status);
  if (is_cancelled() || !client_is_there) return grpc::Status::CANCELLED;
  if (stopping_) return {grpc::StatusCode::UNAVAILABLE, "the coordinator is stopping; ask again when it is back"};
  flush();
  return grpc::Status::OK;
}

grpc::Status SweepServiceImpl::QueryCurves(grpc::ServerContext* context, const v1::QueryCurvesRequest* request,
                                           grpc::ServerWriter<v1::QueryCurvesResponse>* writer) {
  return Serve(*context, *request, [&] {
    CurveStreams::Place place(curve_streams_, absl::Now(), [context] { context->TryCancel(); });
    if (!place.status().ok()) return ToGrpcStatus(place.status());
    return SendCurves(*request, IsCancelledOf(*context), place, *writer);
  });
}

grpc::Status SweepServiceImpl::AddEvaluations(grpc::ServerContext* context, const v1::AddEvaluationsRequest* request,
                                              v1::AddEvaluationsResponse* response) {
  return Change(*context, *request, "AddEvaluations", request->sweep(), [&](const Caller& caller) -> grpc::Status {
    std::vector<Problem> problems;
    const std::vector<TrialEvaluation> evaluations = FromMessage(*request, problems);
    if (!problems.empty()) return BadRequest(problems);
    std::vector<std::string> trial_ids;
    for (const TrialEvaluation& evaluation : evaluations) trial_ids.push_back(evaluation.trial_id);
    if (absl::Status status = reader_.CheckTrialIds(request->sweep(), trial_ids); !status.ok()) {
      return StorageStatus(status);
    }
    if (absl::Status owner = CheckOwnerOfAll(caller, trial_ids); !owner.ok()) return StorageStatus(owner);
    const auto counts = StoreEvaluations(store_, evaluations);
    if (!counts.ok()) return StorageStatus(counts.status());
    response->set_stored(static_cast<std::uint32_t>(counts->stored));
    response->set_duplicates(static_cast<std::uint32_t>(counts->duplicates));
    return grpc::Status::OK;
  });
}

grpc::Status SweepServiceImpl::GetAblationTable(grpc::ServerContext* context,
                                                const v1::GetAblationTableRequest* request,
                                                v1::GetAblationTableResponse* response) {
  return Serve(*context, *request, [&]() -> grpc::Status {
    AblationQuery query = FromMessage(*request);
    std::vector<std::string> names = {request->sweep()};
    for (const std::string& name : request->further_sweeps()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    std::string state = "finished";
    for (const std::string& name : names) {
      const auto sweep = reader_.Sweep(name, /*with_spec=*/false);
      if (!sweep.ok()) return StorageStatus(sweep.status());
      if (state == "finished") state = sweep->state();
    }
    if (absl::Status chosen = reader_.ChooseAxes(names, request->choose_cols(), query); !chosen.ok()) {
      return StorageStatus(chosen);
    }
    if (const auto problems = CheckAblationQuery(query); !problems.empty()) return BadRequest(problems);
    const auto table = reader_.Table(names, query);
    if (!table.ok()) return StorageStatus(table.status());
    if (!table->problems.empty()) return BadRequest(table->problems);
    for (const AblationCell& cell : table->cells) *response->add_cells() = ToMessage(cell);
    response->mutable_pooled()->Assign(table->pooled.begin(), table->pooled.end());
    response->mutable_uneven()->Assign(table->uneven.begin(), table->uneven.end());
    response->mutable_confounded()->Assign(table->confounded.begin(), table->confounded.end());
    response->set_state(state);
    response->mutable_further_sweeps()->Assign(names.begin() + 1, names.end());
    response->set_best(query.best);
    response->set_drop_diverged(query.drop_diverged);
    response->mutable_baseline()->insert(query.baseline.begin(), query.baseline.end());
    response->mutable_rows()->Assign(query.rows.begin(), query.rows.end());
    response->mutable_cols()->Assign(query.cols.begin(), query.cols.end());
    response->mutable_metrics()->Assign(table->metrics.begin(), table->metrics.end());
    return grpc::Status::OK;
  });
}

}  // namespace ofsweep
