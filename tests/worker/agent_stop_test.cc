// How attempts and agents are stopped, and killed.
#include <signal.h>

#include <gmock/gmock.h>

#include "agent_fixture.h"
#include "tests/is_gone.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

const char kHangs[] = R"([["started", 0], ["points", [0, 4]], ["hang", 0]])";

TEST_F(AgentTest, AnAttemptThatIsNoLongerAssignedWritesItsCheckpointAndIsCancelled) {
  coordinator_.Assign("t1", kHangs);
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  coordinator_.Withdraw("t1");
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "cancelled");
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "terminated")));
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "checkpoint-0.safetensors")));
  EXPECT_TRUE(WaitForOutboxToBeEmpty());
}

TEST_F(AgentTest, ATrainerThatDoesNotEndIsKilledAfterTheGracePeriod) {
  coordinator_.Assign("t1", R"([["ignore_terminate", 0], ["hang", 0]])");
  AgentOptions options = Options();
  options.stop_grace = std::chrono::milliseconds(200);
  StartAgent(options);
  ASSERT_TRUE(WaitForFile("t1", "done-0"));
  const pid_t pid = TrainerPid("t1");
  coordinator_.Withdraw("t1");
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "cancelled");
  EXPECT_TRUE(WaitForFile("t1", "terminated"));
  EXPECT_TRUE(IsGone(pid));
}

// Its points from step 4 on were refused, so that going on from a later checkpoint would leave a gap in the curve.
TEST_F(AgentTest, AFencedAttemptIsKilledAndForgottenAndItsSuccessorGoesOnFromWhatIsStored) {
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["checkpoint", 3], ["wait", "go"], ["checkpoint", 9],
                                ["points", [4, 9]], ["hang", 0]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  const pid_t pid = TrainerPid("t1");
  coordinator_.Change([](FakeCoordinatorState& state) { state.fenced.insert({"t1", 1}); });
  Let("t1", "go");
  EXPECT_TRUE(WaitUntil([&] { return IsGone(pid); }));
  EXPECT_TRUE(WaitForOutboxToBeEmpty());
  EXPECT_TRUE(
      coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.last_report.attempts().empty(); }));
  EXPECT_EQ(coordinator_.state().Points("t1"), 8u);
  EXPECT_TRUE(coordinator_.state().ended.empty());
  coordinator_.Assign("t1", R"([["finished", "completed"]])", 2, 1);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 2); }));
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), HasSubstr("--resume"));
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "checkpoint-3.safetensors")));
  EXPECT_FALSE(std::filesystem::exists(TrialFile("t1", "checkpoint-9.safetensors")));
}

// The database was restored from an older copy: what it acknowledged once is gone.
TEST_F(AgentTest, ANewIncarnationOfTheCoordinatorIsSentAgainWhatItDoesNotHold) {
  coordinator_.Assign("t1",
                      R"([["points", [0, 50]], ["wait", "go"], ["points", [50, 60]], ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 100; }));
  // Before it has read any points the agent has none unsent either: only its next report but one is certainly a later
  // one.
  const std::uint64_t reports = coordinator_.state().reports;
  ASSERT_TRUE(coordinator_.WaitUntil([&](const FakeCoordinatorState& state) {
    return state.reports >= reports + 2 && state.last_report.unsent_points() == 0;
  }));
  coordinator_.Stop();
  coordinator_.Change([](FakeCoordinatorState& state) {
    std::erase_if(state.points["t1"], [](const auto& point) { return std::get<0>(point.first) > 20; });
    ++state.incarnation;
  });
  coordinator_.Start();
  Let("t1", "go");
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().Points("t1"), 120u);
  EXPECT_EQ(coordinator_.state().duplicates, 0u) << "only that is sent again";
}

// By mistake the coordinator was started on an empty folder.
TEST_F(AgentTest, ACoordinatorWithAnotherDatabaseCostsNothing) {
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["checkpoint", 3], ["wait", "go"], ["points", [4, 9]],
                                ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  const pid_t pid = TrainerPid("t1");
  const FakeCoordinatorState right = coordinator_.state();
  coordinator_.Stop();
  coordinator_.Change([](FakeCoordinatorState& state) {
    state = {};
    state.database_id = "another";
    state.incarnation = 77;
  });
  coordinator_.Start();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.reports >= 2; }));
  EXPECT_FALSE(IsGone(pid));
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "checkpoint-3.safetensors")));
  EXPECT_FALSE(std::filesystem::is_empty(data_dir_ + "/outbox"));
  coordinator_.Stop();
  coordinator_.Change([&](FakeCoordinatorState& state) {
    state = right;
    state.incarnation = 3;
  });
  coordinator_.Start();
  Let("t1", "go");
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().Points("t1"), 18u);
}

TEST_F(AgentTest, ANewLeaseOfTheSameTrialReplacesTheRunningAttempt) {
  coordinator_.Assign("t1", kHangs, 1);
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  const pid_t first = TrainerPid("t1");
  coordinator_.Assign("t1", R"([["points", [4, 6]], ["finished", "completed"]])", 2, 1);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 2); }));
  EXPECT_TRUE(IsGone(first));
  EXPECT_FALSE(coordinator_.state().Ended("t1", 1));
  EXPECT_EQ(coordinator_.state().Points("t1"), 12u);
}

TEST_F(AgentTest, AStoppedAgentReportsItsTrialsAsPreempted) {
  coordinator_.Assign("t1", kHangs);
  coordinator_.Assign("t2", kHangs);
  StartAgent();
  ASSERT_TRUE(WaitForFile("t1", "done-1"));
  ASSERT_TRUE(WaitForFile("t2", "done-1"));
  StopAgent();
  const FakeCoordinatorState state = coordinator_.state();
  EXPECT_EQ(state.last_report.slots(), 0u);
  for (const char* trial : {"t1", "t2"}) {
    ASSERT_TRUE(state.Ended(trial));
    EXPECT_EQ(state.ended.at({trial, 1}).outcome(), "preempted");
    EXPECT_EQ(state.Points(trial), 8u);
    EXPECT_TRUE(std::filesystem::exists(TrialFile(trial, "checkpoint-0.safetensors")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(data_dir_ + "/outbox"));
}

TEST_F(AgentTest, AnIdleAgentThatIsStoppedSaysGoodbye) {
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.last_report.slots() == 2; }));
  StopAgent();
  EXPECT_EQ(coordinator_.state().last_report.slots(), 0u);
}

TEST_F(AgentTest, AnAgentThatIsStoppedWithoutACoordinatorDeliversAtItsNextStart) {
  coordinator_.Assign("t1",
                      R"([["started", 0], ["points", [0, 4]], ["wait", "go"], ["points", [4, 100]], ["hang", 0]])");
  AgentOptions options = Options();
  options.drain_grace = std::chrono::milliseconds(100);
  StartAgent(options);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  coordinator_.Stop();
  Let("t1", "go");
  ASSERT_TRUE(WaitForFile("t1", "done-3"));
  StopAgent();
  coordinator_.Start();
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "preempted");
  EXPECT_EQ(coordinator_.state().Points("t1"), 200u);
}

// kill -9 of the agent: no trainer survives it, and the next agent delivers what was not acknowledged, and nothing
// twice.
TEST_F(AgentTest, AKilledAgentLeavesNoTrainerAndItsSuccessorDeliversTheRest) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 50]], ["wait", "go"], ["points", [50, 100]],
                                ["checkpoint", 100], ["unannounced_checkpoint", 120], ["hang", 0]])");
  TrainerProcess killed = StartAgentProcess();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) {
    const auto running = state.running.find({"t1", 1});
    return running != state.running.end() && running->second.step() == 49 && state.last_report.unsent_points() == 0;
  }));
  const pid_t trainer = TrainerPid("t1");
  coordinator_.Stop();
  Let("t1", "go");
  ASSERT_TRUE(WaitForFile("t1", "done-5"));
  ::kill(killed.pid(), SIGKILL);
  killed.Reap();
  EXPECT_TRUE(WaitUntil([&] { return IsGone(trainer); }));

  coordinator_.Start();
  TrainerProcess successor = StartAgentProcess();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  FakeCoordinatorState state = coordinator_.state();
  EXPECT_EQ(state.worker_ids.size(), 1u);
  EXPECT_EQ(state.ended.at({"t1", 1}).outcome(), "preempted");
  EXPECT_EQ(state.points_at_end.at({"t1", 1}), 200u);
  EXPECT_EQ(state.duplicates, 0u);
  coordinator_.Assign("t1", R"([["points", [100, 110]], ["finished", "completed"]])", 2, 1);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& now) { return now.Ended("t1", 2); }));
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), HasSubstr("--resume"));
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "checkpoint-100.safetensors")));
  EXPECT_FALSE(std::filesystem::exists(TrialFile("t1", "checkpoint-120.safetensors")));
  EXPECT_EQ(coordinator_.state().Points("t1"), 220u);
  ::kill(successor.pid(), SIGTERM);
  EXPECT_EQ(successor.Reap().code, 0);
}

TEST_F(AgentTest, AKilledAgentsFinishedTrialIsStillReportedAsFinished) {
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["wait", "go"], ["finished", "completed"]])");
  TrainerProcess killed = StartAgentProcess();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  coordinator_.Stop();
  Let("t1", "go");
  ASSERT_TRUE(WaitForFile("t1", "done-2"));
  ::kill(killed.pid(), SIGKILL);
  killed.Reap();
  coordinator_.Start();
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "completed");
}

}  // namespace
}  // namespace ofsweep
