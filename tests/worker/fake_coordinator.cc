#include "fake_coordinator.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "access/secret.h"
#include "access/worker_id.h"

namespace ofsweep {

std::string SecretOf(const std::string& trial_id, std::uint64_t generation) {
  return HmacSha256("key", absl::StrCat(generation, " ", trial_id));
}

namespace {

template <class Message>
void CheckSecret(const Message& message) {
  EXPECT_EQ(message.secret(), SecretOf(message.trial_id(), message.generation())) << message.trial_id();
}

}  // namespace

void FakeCoordinator::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr) << "cannot listen on " << address();
  port_ = port;
}

void FakeCoordinator::Stop() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

void FakeCoordinator::Assign(const std::string& trial_id, const std::string& script, std::uint64_t generation,
                             std::uint32_t attempt, bool keep_all_checkpoints) {
  v1::Start start;
  start.set_trial_id(trial_id);
  start.set_generation(generation);
  start.set_attempt(attempt);
  start.set_config_json(R"({"seed": 0, "train": {"threads": "auto"}, "script": )" + script + "}");
  start.set_lease_seconds(30);
  start.set_keep_all_checkpoints(keep_all_checkpoints);
  Change([&](FakeCoordinatorState& state) {
    std::erase_if(state.wanted, [&](const v1::Start& old) { return old.trial_id() == trial_id; });
    state.wanted.push_back(start);
  });
}

void FakeCoordinator::Withdraw(const std::string& trial_id) {
  Change([&](FakeCoordinatorState& state) {
    std::erase_if(state.wanted, [&](const v1::Start& old) { return old.trial_id() == trial_id; });
  });
}

void FakeCoordinator::Change(const std::function<void(FakeCoordinatorState&)>& change) {
  const absl::MutexLock lock(&mutex_);
  change(state_);
}

FakeCoordinatorState FakeCoordinator::state() {
  const absl::MutexLock lock(&mutex_);
  return state_;
}

bool FakeCoordinator::WaitUntil(const std::function<bool(const FakeCoordinatorState&)>& condition) {
  const auto holds = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return condition(state_); };
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&holds), absl::Seconds(30));
}

grpc::Status FakeCoordinator::Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest* request,
                                          v1::SynchronizeResponse* response) {
  const absl::MutexLock lock(&mutex_);
  EXPECT_TRUE(IsProvenBy(request->worker_id(), request->worker_key())) << request->worker_id();
  for (const v1::AttemptReport& attempt : request->attempts()) CheckSecret(attempt);
  state_.last_report = *request;
  state_.worker_ids.insert(request->worker_id());
  ++state_.reports;
  response->mutable_database()->set_id(state_.database_id);
  response->mutable_database()->set_incarnation(state_.incarnation);
  response->set_next_call_seconds(0.02);
  const bool follows = request->database().id().empty() || request->database().id() == state_.database_id;
  if (!follows) return grpc::Status::OK;
  const bool is_in_step = request->database().incarnation() == state_.incarnation;
  std::set<AttemptName> running;
  std::set<AttemptName> reported;
  for (const v1::AttemptReport& report : request->attempts()) {
    const AttemptName name{report.trial_id(), report.generation()};
    reported.insert(name);
    if (report.has_begun()) {
      state_.begun[name] = report.begun();
      state_.Continue(name);
    }
    if (report.has_ended() && is_in_step) {
      state_.ended[name] = report.ended();
      state_.points_at_end[name] = state_.Points(name.trial_id);
      v1::AttemptName& forgotten = *response->add_forget();
      forgotten.set_trial_id(name.trial_id);
      forgotten.set_generation(name.generation);
      if (const auto keep = state_.keep_checkpoints.find(name.trial_id); keep != state_.keep_checkpoints.end()) {
        response->mutable_keep_checkpoints()->insert({keep->first, keep->second});
      }
      std::erase_if(state_.wanted, [&](const v1::Start& old) {
        return old.trial_id() == name.trial_id && old.generation() == name.generation;
      });
      continue;
    }
    if (report.has_running()) {
      running.insert(name);
      state_.running[name] = report.running();
    }
    const bool is_wanted = std::any_of(state_.wanted.begin(), state_.wanted.end(), [&](const v1::Start& start) {
      return start.trial_id() == name.trial_id && start.generation() == name.generation;
    });
    v1::Holding& holding = is_wanted ? *response->add_keep() : *response->add_stop();
    holding.set_trial_id(name.trial_id);
    holding.set_generation(name.generation);
    holding.set_stored_through(state_.StoredThrough(name.trial_id));
  }
  state_.most_running = std::max(state_.most_running, running.size());
  for (const v1::Start& start : state_.wanted) {
    if (reported.contains({start.trial_id(), start.generation()})) continue;
    v1::Start& told = *response->add_start();
    told = start;
    told.set_secret(SecretOf(start.trial_id(), start.generation()));
    if (start.attempt() == 0) continue;
    told.set_stored_through(state_.StoredThrough(start.trial_id()));
    told.set_curve_generation(state_.CurveGeneration(start.trial_id()));
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest* request,
                                          v1::PushMetricsResponse* response) {
  const absl::MutexLock lock(&mutex_);
  if (request->database().id() != state_.database_id || request->database().incarnation() != state_.incarnation) {
    return grpc::Status(grpc::StatusCode::ABORTED, "synchronize first");
  }
  for (const v1::TrialPoints& trial : request->trials()) {
    CheckSecret(trial);
    if (state_.refused.contains(trial.trial_id())) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "a metric has no name");
    }
  }
  for (const v1::TrialPoints& trial : request->trials()) Store(trial, *response->add_results());
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::PushLog(grpc::ServerContext*, const v1::PushLogRequest* request,
                                      v1::PushLogResponse* response) {
  const absl::MutexLock lock(&mutex_);
  ++state_.log_pushes;
  if (state_.log_answer != grpc::StatusCode::OK) return {state_.log_answer, "no logs today"};
  if (request->database().id() != state_.database_id || request->database().incarnation() != state_.incarnation) {
    return {grpc::StatusCode::ABORTED, "synchronize first"};
  }
  EXPECT_LE(request->ByteSizeLong(), (1u << 20) + 4096);
  for (const v1::LogChunk& chunk : request->chunks()) {
    CheckSecret(chunk);
    EXPECT_LE(chunk.text().size(), 256u << 10);
    const AttemptName name{chunk.trial_id(), chunk.generation()};
    const auto known = state_.logs.find(name);
    std::uint64_t through = known == state_.logs.end() ? 0 : known->second.begin + known->second.text.size();
    if (!chunk.text().empty() || chunk.complete()) {
      FakeLog& log = state_.logs[name];
      if (chunk.begin() > through) log = {.begin = chunk.begin()};
      through = log.begin + log.text.size();
      log.text += chunk.text().substr(std::min<std::uint64_t>(chunk.text().size(), through - chunk.begin()));
      log.complete |= chunk.complete();
      through = log.begin + log.text.size();
    }
    response->add_results()->set_stored_through(through);
  }
  return grpc::Status::OK;
}

void FakeCoordinator::Store(const v1::TrialPoints& trial, v1::PushResult& result) {
  if (state_.fenced.contains({trial.trial_id(), trial.generation()})) {
    result.set_fenced(true);
    std::erase_if(state_.wanted, [&](const v1::Start& old) { return old.trial_id() == trial.trial_id(); });
    return;
  }
  state_.Continue({trial.trial_id(), trial.generation()});
  auto& points = state_.points[trial.trial_id()];
  for (const v1::StepRow& row : trial.rows()) {
    for (int i = 0; i < row.series_size(); ++i) {
      const v1::Series& series = trial.series(static_cast<int>(row.series(i)));
      const std::uint32_t layer = series.has_layer() ? series.layer() + 1 : 0;
      const bool is_new = points.insert({{row.step(), series.metric(), layer, series.site()}, row.values(i)}).second;
      if (!is_new) ++state_.duplicates;
    }
  }
}

}  // namespace ofsweep
