// What trainers log comes to the coordinator, and costs a trial nothing where it does not.
#include <signal.h>

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "agent_fixture.h"

namespace ofsweep {
namespace {

class AgentLogsTest : public AgentTest {
 protected:
  AgentOptions Quick() const {
    AgentOptions options = Options();
    options.push_logs_every = std::chrono::milliseconds(20);
    return options;
  }
  // False when it does not come.
  bool WaitForLog(const std::string& trial_id, const std::string& text, std::uint64_t generation = 1) {
    return coordinator_.WaitUntil([&](const FakeCoordinatorState& state) {
      const auto log = state.logs.find({trial_id, generation});
      return log != state.logs.end() && log->second.begin == 0 && log->second.text == text;
    });
  }
  bool WaitForEnd(const std::string& trial_id) {
    return coordinator_.WaitUntil([&](const FakeCoordinatorState& state) { return state.Ended(trial_id); });
  }
  bool WaitForWholeLog(const std::string& trial_id) {
    return coordinator_.WaitUntil([&](const FakeCoordinatorState& state) {
      const auto log = state.logs.find({trial_id, 1});
      return log != state.logs.end() && log->second.complete;
    });
  }
};

TEST_F(AgentLogsTest, ALogIsFollowedWhileItsTrainerRunsAndIsWholeAfterwards) {
  coordinator_.Assign("t1", R"([["log", "one"], ["wait", "go"], ["log", "two"], ["finished", "completed"]])");
  coordinator_.Assign("t2", R"([["finished", "completed"]])");
  StartAgent(Quick());
  ASSERT_TRUE(WaitForLog("t1", "one\n"));
  EXPECT_FALSE(coordinator_.state().logs.at({"t1", 1}).complete);
  Let("t1", "go");
  ASSERT_TRUE(WaitForWholeLog("t1"));
  EXPECT_TRUE(WaitForLog("t1", "one\ntwo\n"));
  ASSERT_TRUE(WaitForWholeLog("t2"));  // which logs nothing
  EXPECT_TRUE(WaitForLog("t2", ""));
}

TEST_F(AgentLogsTest, OfALargeLogTheNewestMebibyteComes) {
  coordinator_.Assign("t1",
                      absl::StrCat(R"([["log", ")", std::string(3'000'000, 'x'), R"("], ["finished", "completed"]])"));
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::UNAVAILABLE; });
  StartAgent(Quick());
  ASSERT_TRUE(WaitForEnd("t1"));
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::OK; });
  ASSERT_TRUE(WaitForWholeLog("t1"));
  const FakeLog log = coordinator_.state().logs.at({"t1", 1});
  EXPECT_EQ(log.text.size(), 1u << 20);
  EXPECT_EQ(log.begin + log.text.size(), 3'000'001u);
}

TEST_F(AgentLogsTest, ACoordinatorThatWasAwayGetsWhatItMissed) {
  coordinator_.Assign(
      "t1", R"([["log", "one"], ["wait", "go"], ["log", "two"], ["wait", "end"], ["finished", "completed"]])");
  StartAgent(Quick());
  ASSERT_TRUE(WaitForLog("t1", "one\n"));
  coordinator_.Stop();
  Let("t1", "go");
  ASSERT_TRUE(WaitForFile("t1", "done-2"));
  // As one whose last second is gone.
  coordinator_.Change([](FakeCoordinatorState& state) {
    ++state.incarnation;
    state.logs.at({"t1", 1}).text = "on";
  });
  coordinator_.Start();
  Let("t1", "end");
  ASSERT_TRUE(WaitForWholeLog("t1"));
  EXPECT_TRUE(WaitForLog("t1", "one\ntwo\n"));
}

TEST_F(AgentLogsTest, AKilledAgentsSuccessorGoesOnWithWhatTheCoordinatorHolds) {
  coordinator_.Assign("t1", R"([["log", "one"], ["points", [0, 5]], ["wait", "go"], ["log", "two"], ["hang", 0]])");
  TrainerProcess agent = StartAgentProcess();
  ASSERT_TRUE(WaitForLog("t1", "one\n"));
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::UNAVAILABLE; });
  Let("t1", "go");
  ASSERT_TRUE(WaitForFile("t1", "done-3"));
  agent.Signal(SIGKILL);
  agent.Reap();
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::OK; });
  StartAgent(Quick());
  ASSERT_TRUE(WaitForWholeLog("t1"));
  EXPECT_TRUE(WaitForLog("t1", "one\ntwo\n"));
}

TEST_F(AgentLogsTest, ATrialEndsAndIsForgottenThoughNobodyTakesItsLog) {
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::INTERNAL; });
  coordinator_.Assign("t1", R"([["log", "one"], ["points", [0, 5]], ["finished", "completed"]])");
  StartAgent(Quick());
  ASSERT_TRUE(WaitForEnd("t1"));
  ASSERT_TRUE(WaitForOutboxToBeEmpty());
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::OK; });
  ASSERT_TRUE(WaitForWholeLog("t1"));
  EXPECT_TRUE(WaitForLog("t1", "one\n"));
}

TEST_F(AgentLogsTest, AnAgentThatIsStoppedSendsTheRestFirst) {
  AgentOptions slow = Options();
  slow.push_logs_every = std::chrono::hours(1);
  coordinator_.Assign("t1", R"([["log", "one"], ["points", [0, 5]], ["hang", 0]])");
  StartAgent(slow);
  ASSERT_TRUE(WaitForFile("t1", "done-1"));
  StopAgent();
  const FakeCoordinatorState state = coordinator_.state();
  EXPECT_EQ(state.logs.at({"t1", 1}).text, "one\n");
  EXPECT_TRUE(state.logs.at({"t1", 1}).complete);
}

TEST_F(AgentLogsTest, AnAgentThatIsStoppedWaitsForNobodyWhoTakesNoLogs) {
  coordinator_.Change([](FakeCoordinatorState& state) { state.log_answer = grpc::StatusCode::INTERNAL; });
  AgentOptions options = Quick();
  options.drain_grace = std::chrono::hours(1);
  coordinator_.Assign("t1", R"([["log", "one"], ["hang", 0]])");
  StartAgent(options);
  ASSERT_TRUE(WaitForFile("t1", "done-0"));
  StopAgent();
  EXPECT_TRUE(coordinator_.state().Ended("t1"));
}

TEST_F(AgentLogsTest, TheLogOfAFolderThatIsGoneIsNoTrouble) {
  coordinator_.Assign("t1", R"([["log", "one"], ["wait", "go"], ["finished", "completed"]])");
  StartAgent(Quick());
  ASSERT_TRUE(WaitForLog("t1", "one\n"));
  std::filesystem::remove_all(data_dir_ + "/trials/t1/logs");
  Let("t1", "go");
  ASSERT_TRUE(WaitForWholeLog("t1"));
  EXPECT_TRUE(WaitForLog("t1", "one\n"));
}

}  // namespace
}  // namespace ofsweep
