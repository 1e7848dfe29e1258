#include "coordinator/server.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using ServerOperationTest = ServerTest;

TEST_F(ServerOperationTest, HttpTellsHealthReadinessAndMetrics) {
  EXPECT_THAT(Http(server_->http_address(), "/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Http(server_->http_address(), "/readyz"), StartsWith("HTTP/1.1 200"));
  Submit(SmallSweep("s"));
  const std::string metrics = Metrics();
  EXPECT_THAT(metrics, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_THAT(metrics, HasSubstr("ofsweep_trials{sweep=\"s\",state=\"pending\"} 4"));
  EXPECT_THAT(metrics,
              HasSubstr("ofsweep_rpc_requests_total{code=\"OK\",method=\"ofsweep.v1.SweepService/SubmitSweep\"} 1"));
  EXPECT_THAT(metrics,
              HasSubstr("ofsweep_rpc_requests_total{code=\"OK\",method=\"ofsweep.v1.WorkerService/PushMetrics\"} 0\n"));
  EXPECT_THAT(metrics, HasSubstr("ofsweep_trials_finished_total{outcome=\"failed\",sweep=\"s\"} 0\n"));
  EXPECT_THAT(metrics, HasSubstr("ofsweep_db_transaction_duration_seconds_count{op=\"insert\"} 1"));
  EXPECT_THAT(Http(server_->http_address(), "/elsewhere"), HasSubstr("/metrics"));
}

TEST_F(ServerOperationTest, FailedCallsAreCountedByCode) {
  v1::GetSweepRequest request;
  v1::GetSweepResponse response;
  sweeps_->GetSweep(Context().get(), request, &response);
  EXPECT_THAT(
      Metrics(),
      HasSubstr("ofsweep_rpc_requests_total{code=\"NOT_FOUND\",method=\"ofsweep.v1.SweepService/GetSweep\"} 1"));
}

TEST_F(ServerOperationTest, ASecondCoordinatorOnTheSameFolderIsRefused) {
  const auto second =
      Server::Start({.data_dir = folder_.path().string(), .grpc = "127.0.0.1:0", .http = "127.0.0.1:0"});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << second.status();
}

TEST_F(ServerOperationTest, APortThatIsNoneIsRefusedBeforeAnythingIsMade) {
  TemporaryFolder other;
  const auto refused =
      Server::Start({.data_dir = other.File("data"), .grpc = "127.0.0.1:99999", .http = "127.0.0.1:0"});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), AllOf(HasSubstr("127.0.0.1:99999"), HasSubstr("--grpc")));
  EXPECT_FALSE(std::filesystem::exists(other.File("data")));
}

TEST_F(ServerOperationTest, APortInUseIsNamedWithTheOptionThatMendsIt) {
  TemporaryFolder other;
  const auto grpc_taken =
      Server::Start({.data_dir = other.path(), .grpc = server_->grpc_address(), .http = "127.0.0.1:0"});
  EXPECT_EQ(grpc_taken.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(grpc_taken.status().message()), HasSubstr(server_->grpc_address()));
  EXPECT_THAT(std::string(grpc_taken.status().message()), HasSubstr("--grpc"));
  const auto http_taken =
      Server::Start({.data_dir = other.path(), .grpc = "127.0.0.1:0", .http = server_->http_address()});
  EXPECT_EQ(http_taken.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(http_taken.status().message()), HasSubstr("--http"));
}

TEST_F(ServerOperationTest, ARestartKeepsSweepsAndTheRunningAttempt) {
  Submit(SmallSweep("s"));
  const auto before = Synchronize(HelloFrom("w", 1));
  ASSERT_EQ(before.start_size(), 1);
  v1::TrialPoints points = PointsOf(before.start(0));
  AddStep(points, 10, 2.5, 3);
  Push(points);
  server_->Shutdown();
  StartServer({});
  const std::string tokens = "ofsweep_trial_tokens_total{trial_id=\"" + points.trial_id() + "\"} ";
  EXPECT_THAT(Metrics(), HasSubstr(tokens + "10240\n"));
  auto hello = HelloFrom("w", 1);
  v1::AttemptReport& attempt = AddAttempt(before.start(0), hello);
  attempt.mutable_running()->set_step(12);
  const auto after = Synchronize(hello);
  ASSERT_EQ(after.keep_size(), 1);
  EXPECT_EQ(after.keep(0).trial_id(), before.start(0).trial_id());
  EXPECT_EQ(after.keep(0).generation(), before.start(0).generation());
  EXPECT_EQ(after.keep(0).stored_through(), 10u);
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_trial_assignment_info{trial_id=\"" + before.start(0).trial_id() + "\""));
  points.clear_rows();
  AddStep(points, 5, 2.75, 3);  // from its checkpoint
  Push(points);
  EXPECT_THAT(Metrics(), HasSubstr(tokens + "10240\n"));
}

TEST_F(ServerOperationTest, ARunningTrialTellsItsArmInEverySweepThatHoldsIt) {
  Submit(SmallSweep("s"));
  const auto answer = Synchronize(HelloFrom("w", 1));
  ASSERT_EQ(answer.start_size(), 1);
  Submit(
      "name: seeds-only\ntrial: {train.steps: 20, train.device: cpu, model.block: pre_norm}\ngrid: {seed: [0, 1]}\n");
  const std::string trial = "{trial_id=\"" + answer.start(0).trial_id() + "\",";
  const auto check = [&](const std::string& metrics) {
    EXPECT_THAT(metrics, HasSubstr("ofsweep_trial_info" + trial + "sweep=\"s\",arm=\"model.block=pre_norm\",block="));
    EXPECT_THAT(metrics, HasSubstr("ofsweep_trial_sweep_info" + trial + "sweep=\"s\",arm=\"model.block=pre_norm\"} 1"));
    EXPECT_THAT(metrics, HasSubstr("ofsweep_trial_sweep_info" + trial + "sweep=\"seeds-only\",arm=\"\"} 1"));
  };
  check(Metrics());
  server_->Shutdown();
  StartServer({});
  check(Metrics());
}

TEST_F(ServerOperationTest, TheInProcessChannelNeedsNoSocket) {
  const auto stub = v1::SweepService::NewStub(server_->InProcessChannel());
  v1::ListSweepsResponse response;
  EXPECT_TRUE(stub->ListSweeps(Context().get(), v1::ListSweepsRequest(), &response).ok());
}

TEST(ServerStart, ADataFolderThatIsAFileIsRefused) {
  TemporaryFolder folder;
  const std::string file = folder.File("file");
  std::ofstream(file) << "x";
  const auto server = Server::Start({.data_dir = file, .grpc = "127.0.0.1:0", .http = "127.0.0.1:0"});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("--data-dir"));
}

TEST(ServerStart, AFileThatIsNoDatabaseIsRefused) {
  TemporaryFolder folder;
  std::ofstream(folder.File("ofsweep.db")) << std::string(5000, 'x');
  const auto server = Server::Start({.data_dir = folder.path().string(), .grpc = "127.0.0.1:0", .http = "127.0.0.1:0"});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition) << server.status();
}

TEST(ServerStart, OfflineNeedsADatabase) {
  TemporaryFolder folder;
  const auto server = Server::OpenOffline(folder.path().string());
  EXPECT_EQ(server.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(folder.path().string()));
}

}  // namespace
}  // namespace ofsweep
