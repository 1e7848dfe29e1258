#include "tests/coordinator/server_fixture.h"

#include <chrono>

#include "access/secret.h"
#include "access/worker_id.h"
#include "coordinator/attempt_secrets.h"

namespace ofsweep {

std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  return context;
}

std::string SmallSweep(const std::string& name) {
  return "name: " + name +
         "\n"
         "trial: {train.steps: 20, train.device: cpu}\n"
         "grid:\n"
         "  model.block: [pre_norm, op]\n"
         "  seed: [0, 1]\n";
}

std::string KeyOf(const std::string& worker) {
  return HmacSha256(worker, "");
}

std::string IdOf(const std::string& worker) {
  return WorkerId(worker, KeyOf(worker));
}

v1::SynchronizeRequest HelloFrom(const std::string& worker, std::uint32_t slots) {
  v1::SynchronizeRequest request;
  request.set_worker_id(IdOf(worker));
  request.set_worker_key(KeyOf(worker));
  request.set_host("localhost");
  request.set_slots(slots);
  auto* device = request.add_devices();
  device->set_kind("cpu");
  device->set_memory_bytes(std::uint64_t{8} << 30);
  return request;
}

v1::AttemptReport& AddAttempt(const v1::Start& start, v1::SynchronizeRequest& report) {
  v1::AttemptReport& attempt = *report.add_attempts();
  attempt.set_trial_id(start.trial_id());
  attempt.set_generation(start.generation());
  attempt.set_secret(start.secret());
  return attempt;
}

v1::TrialPoints PointsOf(const v1::Start& start) {
  v1::TrialPoints points;
  points.set_trial_id(start.trial_id());
  points.set_generation(start.generation());
  points.set_secret(start.secret());
  points.set_from_step(0);
  return points;
}

void AddStep(v1::TrialPoints& points, std::uint64_t step, double train_loss, double kurtosis) {
  if (points.series().empty()) {
    points.add_series()->set_metric("train_loss");
    for (std::uint32_t layer : {0u, 1u}) {
      auto* series = points.add_series();
      series->set_metric("kurtosis");
      series->set_layer(layer);
      series->set_site("block");
    }
  }
  auto* row = points.add_rows();
  row->set_step(step);
  row->set_tokens(step * 1024);
  row->set_seconds(0.1 * static_cast<double>(step));
  for (std::uint32_t i : {0u, 1u, 2u}) row->add_series(i);
  row->add_values(train_loss);
  row->add_values(kurtosis / 2);
  row->add_values(kurtosis);
}

void ServerTest::StartServer(ServerOptions options, Access access) {
  options.data_dir = folder_.path().string();
  options.access.insecure = access == Access::kOpen;
  options.grpc = options.http = "127.0.0.1:0";
  options.durability = Durability::kNormal;
  server_.reset();
  auto server = Server::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channel_ = grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials());
  sweeps_ = v1::SweepService::NewStub(channel_);
  workers_ = v1::WorkerService::NewStub(channel_);
}

v1::SubmitSweepResponse ServerTest::Submit(const std::string& yaml) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(yaml);
  // As seen from a machine whose Python files are the workers'.
  v1::InputFingerprint& seen = *request.add_fingerprints();
  seen.set_source("python");
  seen.set_fingerprint("0123456789abcdef0123456789abcdef");
  v1::SubmitSweepResponse response;
  const grpc::Status status = sweeps_->SubmitSweep(Context().get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::SynchronizeResponse ServerTest::Synchronize(v1::SynchronizeRequest request) {
  *request.mutable_database() = database_;
  v1::SynchronizeResponse response;
  const grpc::Status status = workers_->Synchronize(Context().get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  database_ = response.database();
  return response;
}

v1::PushMetricsResponse ServerTest::Push(const v1::TrialPoints& points) {
  v1::PushMetricsRequest request;
  *request.add_trials() = points;
  *request.mutable_database() = database_;
  v1::PushMetricsResponse response;
  const grpc::Status status = workers_->PushMetrics(Context().get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::Start ServerTest::OtherAttempt(const v1::Start& start, std::uint64_t generation) {
  const auto secrets = AttemptSecrets::Open(folder_.path().string());
  EXPECT_TRUE(secrets.ok()) << secrets.status();
  v1::Start other = start;
  other.set_generation(generation);
  other.set_secret(secrets->For({start.trial_id(), generation}));
  return other;
}

void ServerTest::Finish(const v1::Start& assignment, const std::string& worker, const std::string& outcome,
                        double kurtosis) {
  v1::TrialPoints points = PointsOf(assignment);
  AddStep(points, 0, 7, kurtosis / 2);
  AddStep(points, 10, 3, kurtosis);
  const auto pushed = Push(points);
  ASSERT_EQ(pushed.results_size(), 1);
  EXPECT_EQ(pushed.results(0).stored(), 6);

  auto report = HelloFrom(worker, 1);
  v1::AttemptReport& attempt = AddAttempt(assignment, report);
  attempt.mutable_ended()->set_outcome(outcome);
  attempt.mutable_ended()->set_step(20);
  report.set_slots(0);
  const auto answer = Synchronize(report);
  ASSERT_EQ(answer.forget_size(), 1);
  EXPECT_EQ(answer.forget(0).trial_id(), assignment.trial_id());
}

}  // namespace ofsweep
