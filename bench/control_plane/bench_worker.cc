#include "bench/control_plane/bench_worker.h"

#include <stdexcept>
#include <utility>

#include "access/secret.h"
#include "access/worker_id.h"
#include "worker/channel.h"

namespace ofsweep {
namespace {

void AddSeries(const char* metric, const char* site, long layer, long limit, v1::TrialPoints& points) {
  if (points.series_size() >= limit) return;
  v1::Series& series = *points.add_series();
  series.set_metric(metric);
  series.set_site(site);
  if (layer >= 0) series.set_layer(static_cast<std::uint32_t>(layer));
}

v1::AttemptReport& AddAttempt(const v1::Start& start, v1::SynchronizeRequest& report) {
  v1::AttemptReport& attempt = *report.add_attempts();
  attempt.set_trial_id(start.trial_id());
  attempt.set_generation(start.generation());
  attempt.set_secret(start.secret());
  return attempt;
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const Arguments& arguments) {
  grpc::ChannelArguments options;
  options.SetMaxReceiveMessageSize(-1);
  options.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const CallerOptions caller{.token_file = arguments.Text("token", ""),
                             .tls = {.authorities = arguments.Text("ca", "")}};
  auto channel = DialCoordinator(arguments.Text("addr"), caller, options);
  if (!channel.ok()) throw std::runtime_error(std::string(channel.status().message()));
  return *std::move(channel);
}

void Check(const grpc::Status& status, const char* call) {
  if (status.ok()) return;
  throw std::runtime_error(std::string(call) + ": " + std::to_string(status.error_code()) + " " +
                           status.error_message());
}

v1::TrialPoints& AddTrial(const v1::Start& start, long series, v1::PushMetricsRequest& push) {
  v1::TrialPoints& points = *push.add_trials();
  points.set_trial_id(start.trial_id());
  points.set_generation(start.generation());
  points.set_secret(start.secret());
  points.set_from_step(0);
  for (const char* metric : {"train_loss", "gradient_norm", "learning_rate"}) AddSeries(metric, "", -1, series, points);
  for (const char* metric : {"kurtosis", "kurtosis_centred", "mmr", "rms", "max_abs"}) {
    for (long layer = 0; layer < 12; ++layer) AddSeries(metric, "block", layer, series, points);
  }
  for (long layer = 0; points.series_size() < series; ++layer)
    AddSeries("sink_rate", "attention", layer, series, points);
  return points;
}

void FillRow(long step, long series, v1::StepRow& row) {
  row.set_step(step);
  row.set_tokens(step * 2048);
  row.set_seconds(static_cast<double>(step) * 0.125);
  if (row.series_size() != series) {
    row.clear_series();
    for (long i = 0; i < series; ++i) row.add_series(static_cast<std::uint32_t>(i));
    row.mutable_values()->Resize(static_cast<int>(series), 0);
  }
  for (long i = 0; i < series; ++i) row.set_values(static_cast<int>(i), ValueOf(step, i));
}

v1::AttemptReport& AddRunning(const v1::Start& start, long step, v1::SynchronizeRequest& report) {
  v1::AttemptReport& attempt = AddAttempt(start, report);
  attempt.mutable_running()->set_step(step);
  return attempt;
}

v1::AttemptReport& AddCompleted(const v1::Start& start, long step, v1::SynchronizeRequest& report) {
  v1::AttemptReport& attempt = AddAttempt(start, report);
  attempt.mutable_ended()->set_outcome("completed");
  attempt.mutable_ended()->set_step(step);
  attempt.mutable_ended()->set_wall_seconds(1);
  return attempt;
}

BenchWorker::BenchWorker(const Arguments& arguments, std::string name)
    : name_(std::move(name)), key_(HmacSha256(name_, "")), stub_(v1::WorkerService::NewStub(Connect(arguments))) {}

// Without a version: a coordinator of another one would tell it nothing.
v1::SynchronizeRequest BenchWorker::NewReport(long slots) const {
  v1::SynchronizeRequest report;
  report.set_worker_id(WorkerId(name_, key_));
  report.set_worker_key(key_);
  report.set_host("bench");
  report.set_folder("bench");
  report.set_slots(static_cast<std::uint32_t>(slots));
  v1::Device& device = *report.add_devices();
  device.set_kind("cpu");
  device.set_memory_bytes(1 << 30);
  *report.mutable_database() = database_;
  return report;
}

v1::PushMetricsRequest BenchWorker::NewPush() const {
  v1::PushMetricsRequest push;
  *push.mutable_database() = database_;
  return push;
}

v1::SynchronizeResponse BenchWorker::Synchronize(const v1::SynchronizeRequest& report) {
  grpc::ClientContext context;
  v1::SynchronizeResponse answer;
  const Instant sent = Now();
  Check(stub_->Synchronize(&context, report, &answer), "Synchronize");
  synchronize_latencies.push_back(SecondsSince(sent));
  database_ = answer.database();
  return answer;
}

long BenchWorker::Push(const v1::PushMetricsRequest& push) {
  grpc::ClientContext context;
  v1::PushMetricsResponse answer;
  const Instant sent = Now();
  Check(stub_->PushMetrics(&context, push, &answer), "PushMetrics");
  push_latencies.push_back(SecondsSince(sent));
  long stored = 0;
  for (const v1::PushResult& result : answer.results()) {
    stored += static_cast<long>(result.stored());
    if (result.fenced() || result.unknown()) ++rejected;
  }
  return stored;
}

v1::Start BenchWorker::TakeOne() {
  const v1::SynchronizeResponse answer = Synchronize(NewReport(1));
  if (answer.start_size() != 1) throw std::runtime_error("no trial is to be started: " + answer.reason());
  return answer.start(0);
}

void BenchWorker::Complete(const v1::Start& start, long step) {
  v1::SynchronizeRequest report = NewReport(0);
  AddCompleted(start, step, report);
  if (Synchronize(report).forget_size() != 1) throw std::runtime_error("an end was not recorded");
}

}  // namespace ofsweep
