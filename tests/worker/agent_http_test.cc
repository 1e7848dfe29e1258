// What an agent serves to whoever watches over it.
#include <chrono>

#include <gmock/gmock.h>

#include "agent_fixture.h"
#include "tests/monitoring/http_client.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AgentHttp : public AgentTest {
 protected:
  void StartServing() {
    AgentOptions options = Options();
    options.http = "127.0.0.1:0";
    options.drain_grace = std::chrono::milliseconds(100);
    StartAgent(std::move(options));
  }
  std::string Metrics() { return BodyOf(Http(agent_->http_address(), "/metrics")); }
};

TEST_F(AgentHttp, IsOffUnlessAskedFor) {
  StartAgent();
  EXPECT_EQ(agent_->http_address(), "");
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.reports > 0; }));
  EXPECT_EQ(coordinator_.state().last_report.http_address(), "");
}

TEST_F(AgentHttp, TheCoordinatorHearsOfTheAddress) {
  StartServing();
  EXPECT_THAT(agent_->http_address(), StartsWith("127.0.0.1:"));
  EXPECT_THAT(agent_->http_address(), Not(testing::EndsWith(":0")));
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.reports > 0; }));
  EXPECT_EQ(coordinator_.state().last_report.http_address(), agent_->http_address());
}

TEST_F(AgentHttp, ShowsWhatTheTrainersSpendTheirTimeOnAndWhatIsNotSent) {
  coordinator_.Assign("t1",
                      R"([["say", {"event": "points", "step": 10, "tokens": 1, "seconds": 1.0,)"
                      R"("points": [["train_loss", null, null, 2.5]],)"
                      R"("phases": {"train": [9, 0.9], "measure": [1, 0.75], "dance": [1, 1.0]}}], ["hang", 0]])");
  StartServing();
  EXPECT_TRUE(WaitUntil([&] {
    return Metrics().find("ofsweep_worker_step_duration_seconds_count{phase=\"train\"} 9\n") != std::string::npos;
  }));
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_worker_step_duration_seconds_sum{phase=\"measure\"} 0.75\n"));
  EXPECT_TRUE(WaitUntil([&] { return Metrics().find("ofsweep_worker_unsent_points 0\n") != std::string::npos; }));

  coordinator_.Stop();
  EXPECT_TRUE(
      WaitUntil([&] { return Http(agent_->http_address(), "/readyz").find("HTTP/1.1 503") != std::string::npos; }));
  coordinator_.Start();
  EXPECT_TRUE(
      WaitUntil([&] { return Http(agent_->http_address(), "/readyz").find("HTTP/1.1 200") != std::string::npos; }));
  EXPECT_THAT(Http(agent_->http_address(), "/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Http(agent_->http_address(), "/"), HasSubstr("/metrics"));
}

TEST_F(AgentHttp, PointsThatWaitForTheCoordinatorAreCounted) {
  coordinator_.Assign("t1", R"([["points", [0, 1]], ["wait", "go"], ["points", [1, 5]], ["hang", 0]])");
  StartServing();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 2; }));
  // Else the answer is cancelled, and the two are still to be sent.
  ASSERT_TRUE(WaitUntil([&] { return Metrics().find("ofsweep_worker_unsent_points 0\n") != std::string::npos; }));
  coordinator_.Stop();
  Let("t1", "go");
  EXPECT_TRUE(WaitUntil([&] { return Metrics().find("ofsweep_worker_unsent_points 8\n") != std::string::npos; }));
  coordinator_.Start();
  EXPECT_TRUE(WaitUntil([&] { return Metrics().find("ofsweep_worker_unsent_points 0\n") != std::string::npos; }));
}

// Its counters begin with the process: what a former one observed is not of its time.
TEST_F(AgentHttp, TheTimesOfAFormerRunAreNotObservedAgain) {
  coordinator_.Assign("t1", R"([["say", {"event": "points", "step": 10, "tokens": 1, "seconds": 1.0,)"
                            R"("points": [["train_loss", null, null, 2.5]], "phases": {"train": [9, 0.9]}}],)"
                            R"( ["hang", 0]])");
  StartServing();
  ASSERT_TRUE(WaitUntil([&] { return Metrics().find("{phase=\"train\"} 9\n") != std::string::npos; }));
  coordinator_.Stop();  // so that the end is not confirmed and the outbox stays
  StopAgent();
  StartServing();
  coordinator_.Withdraw("t1");
  coordinator_.Start();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_worker_step_duration_seconds_count{phase=\"train\"} 0\n"));
}

TEST_F(AgentHttp, AnAddressInUseIsNamed) {
  StartServing();
  AgentOptions options = Options();
  options.data_dir += "/other";
  options.http = agent_->http_address();
  const auto second =
      Agent::Create(std::move(options), DialCoordinator(coordinator_.address(), {}, WorkerChannelArguments()).value());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--http"));
}

}  // namespace
}  // namespace ofsweep
