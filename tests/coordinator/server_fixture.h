#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "coordinator/server.h"
#include "ofsweep/v1/sweep.grpc.pb.h"
#include "ofsweep/v1/worker.grpc.pb.h"
#include "tests/monitoring/http_client.h"
#include "tests/temporary_folder.h"

namespace ofsweep {

// Every call of a test has a deadline, so that a hang is a failure with a name.
std::unique_ptr<grpc::ClientContext> Context();

// Four quick trials: two blocks by two seeds.
std::string SmallSweep(const std::string& name);

// A worker's key, and the id that it proves: "w-…".
std::string KeyOf(const std::string& worker);
std::string IdOf(const std::string& worker);

// What a worker reports first: a CPU host with this many slots and nothing to do.
v1::SynchronizeRequest HelloFrom(const std::string& worker, std::uint32_t slots);

// That attempt, of which nothing is said yet.
v1::AttemptReport& AddAttempt(const v1::Start& start, v1::SynchronizeRequest& report);
// Of that attempt, without any yet.
v1::TrialPoints PointsOf(const v1::Start& start);
// One row for `step` with a train_loss and the kurtosis of two blocks.
void AddStep(v1::TrialPoints& points, std::uint64_t step, double train_loss, double kurtosis);

// A real coordinator on a temporary folder and free ports, and a client that talks to it over TCP.
class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override { StartServer({}); }
  // Whether callers have to say who they are, which is the subject of few tests.
  enum class Access { kOpen, kAsked };
  // The folder and the ports are filled in.
  void StartServer(ServerOptions options, Access access = Access::kOpen);

  v1::SubmitSweepResponse Submit(const std::string& yaml);
  v1::SynchronizeResponse Synchronize(v1::SynchronizeRequest request);
  v1::PushMetricsResponse Push(const v1::TrialPoints& points);
  // Pushes steps 0 and 10 of an assigned trial, then reports its end and expects that it may be forgotten.
  void Finish(const v1::Start& assignment, const std::string& worker, const std::string& outcome, double kurtosis);
  // Another attempt of that trial, with the secret that this coordinator would give it.
  v1::Start OtherAttempt(const v1::Start& start, std::uint64_t generation);
  std::string Metrics() { return Http(server_->http_address(), "/metrics"); }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SweepService::Stub> sweeps_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
  v1::Database database_;  // as the last answer named it
};

}  // namespace ofsweep
