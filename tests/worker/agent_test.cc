// A trial from its lease to its recorded end.
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "agent_fixture.h"
#include "worker/host.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(AgentTest, RunsATrialAndReportsItsEndAfterAllOfItsPoints) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 500]], ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  const FakeCoordinatorState state = coordinator_.state();
  const v1::Ended& ended = state.ended.at({"t1", 1});
  EXPECT_EQ(ended.outcome(), "completed");
  EXPECT_EQ(ended.failure_class(), "");
  EXPECT_EQ(ended.step(), 600u);
  EXPECT_GT(ended.wall_seconds(), 0);
  EXPECT_EQ(state.points_at_end.at({"t1", 1}), 1000u);
  EXPECT_EQ(state.duplicates, 0u);
  const auto& points = state.points.at("t1");
  EXPECT_EQ(points.at({499, "train_loss", 0, ""}), 249.5);
  EXPECT_EQ(points.at({499, "kurtosis", 1, "block"}), 500.0);
  EXPECT_TRUE(std::isnan(points.at({493, "kurtosis", 1, "block"})));
  EXPECT_TRUE(WaitForOutboxToBeEmpty());
}

TEST_F(AgentTest, ReportsWhatItOffersAndWhatTheTrainerResolved) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 8]], ["hang", 0]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) {
    const auto running = state.running.find({"t1", 1});
    return running != state.running.end() && running->second.step() == 7 && state.begun.contains({"t1", 1});
  }));
  const FakeCoordinatorState state = coordinator_.state();
  EXPECT_EQ(state.last_report.slots(), 2u);
  EXPECT_EQ(state.last_report.worker_id(), agent_->worker_id());
  ASSERT_GE(state.last_report.devices_size(), 1);

  const auto resolved = nlohmann::json::parse(state.begun.at({"t1", 1}).config_json());
  EXPECT_EQ(resolved.at("train.threads"), 3);
  // Only the agent knows how many trials share the machine.
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), AllOf(HasSubstr("--slots 2"), HasSubstr("--memory ")));
}

TEST_F(AgentTest, RunsNoMoreTrialsThanItHasSlots) {
  const std::string script = R"([["points", [0, 2]], ["wait", "go"], ["finished", "completed"]])";
  for (const char* trial : {"t1", "t2", "t3"}) coordinator_.Assign(trial, script);
  StartAgent();
  ASSERT_TRUE(WaitForFile("t1", "done-0"));
  ASSERT_TRUE(WaitForFile("t2", "done-0"));
  EXPECT_FALSE(std::filesystem::exists(TrialFile("t3", "pid")));
  Let("t2", "go");
  ASSERT_TRUE(WaitForFile("t3", "done-0"));
  Let("t1", "go");
  Let("t3", "go");
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.ended.size() == 3; }));
}

TEST_F(AgentTest, ACrashIsReportedWithItsSignalAndTheEndOfTheLog) {
  coordinator_.Assign("t1", R"([["points", [0, 3]], ["log", "tensor of the wrong shape"], ["kill", 11]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  const FakeCoordinatorState state = coordinator_.state();
  EXPECT_EQ(state.ended.at({"t1", 1}).outcome(), "failed");
  EXPECT_EQ(state.ended.at({"t1", 1}).failure_class(), "crash");
  EXPECT_THAT(state.ended.at({"t1", 1}).failure_message(), HasSubstr("SIGSEGV"));
  EXPECT_THAT(state.ended.at({"t1", 1}).failure_message(), HasSubstr("tensor of the wrong shape"));
  EXPECT_EQ(state.Points("t1"), 6u);
}

TEST_F(AgentTest, AnExitWithoutAWordIsACrash) {
  coordinator_.Assign("t1", R"([["log", "goodbye"], ["exit", 4]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  const v1::Ended ended = coordinator_.state().ended.at({"t1", 1});
  EXPECT_EQ(ended.failure_class(), "crash");
  EXPECT_THAT(ended.failure_message(), HasSubstr("code 4"));
  EXPECT_THAT(ended.failure_message(), HasSubstr("goodbye"));
}

TEST_F(AgentTest, AFailureKeepsTheClassThatTheTrainerGave) {
  coordinator_.Assign("t1", R"([["failed", "bad_data"], ["exit", 1]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  const v1::Ended ended = coordinator_.state().ended.at({"t1", 1});
  EXPECT_EQ(ended.outcome(), "failed");
  EXPECT_EQ(ended.failure_class(), "bad_data");
  EXPECT_EQ(ended.failure_message(), "said the trainer");
}

TEST_F(AgentTest, LinesThatAreNoEventsDoNotHarm) {
  coordinator_.Assign("t1",
                      R"([["print", "Warning: something"], ["points", [0, 2]],
                                ["print", "{\"agent\":\"pretender\"}"], ["points", [2, 4]], ["finished", "diverged"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "diverged");
  EXPECT_EQ(coordinator_.state().Points("t1"), 8u);
}

// Also when its trainer has ended, well, before anybody read it.
TEST_F(AgentTest, AnEventThatCannotBeReadFailsItsAttempt) {
  coordinator_.Assign("t1", R"([["points", [0, 2]], ["print", "{\"event\":\"points\",\"step\":2,"], ["hang", 0]])");
  coordinator_.Assign("t2", R"([["points", [0, 2]], ["print", "{\"event\":\"points\",\"step\":2,"],
                                ["points", [3, 4]], ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(
      coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1") && state.Ended("t2"); }));
  const FakeCoordinatorState state = coordinator_.state();
  for (const char* trial : {"t1", "t2"}) {
    EXPECT_EQ(state.ended.at({trial, 1}).outcome(), "failed");
    EXPECT_EQ(state.ended.at({trial, 1}).failure_class(), "crash");
    EXPECT_THAT(state.ended.at({trial, 1}).failure_message(), HasSubstr("\"step\":2,"));
    EXPECT_EQ(state.Points(trial), 4u);
  }
}

TEST_F(AgentTest, ALaterAttemptGoesOnFromTheCheckpointAndAFirstOneDoesNot) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 6]], ["checkpoint", 5], ["kill", 9]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 1); }));
  coordinator_.Assign("t1", R"([["finished", "completed"]])", 2, 1);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 2); }));
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), HasSubstr("--resume"));
  // A database that does not know the trial: the checkpoint's curve is not there.
  coordinator_.Assign("t1", R"([["finished", "completed"]])", 3, 0);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 3); }));
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), testing::Not(HasSubstr("--resume")));
  EXPECT_FALSE(std::filesystem::exists(TrialFile("t1", "checkpoint-5.safetensors")));
}

TEST_F(AgentTest, OfATrialThatIsOverTheCheckpointsAreKeptThatAreTold) {
  const std::string script = R"([["started", 0], ["checkpoint", 5], ["checkpoint", 9], ["finished", "completed"]])";
  StartAgent();
  for (const char* keep : {"none", "last", "all"}) {
    coordinator_.Change([&](FakeCoordinatorState& state) { state.keep_checkpoints[keep] = keep; });
    std::filesystem::create_directories(TrialFile(keep, ""));
    std::ofstream(TrialFile(keep, "best.safetensors")) << "a user's";
    coordinator_.Assign(keep, script, 1, 0, keep == std::string("all"));
    ASSERT_TRUE(coordinator_.WaitUntil([&](const FakeCoordinatorState& state) { return state.Ended(keep); }));
  }
  ASSERT_TRUE(WaitForOutboxToBeEmpty());
  const auto kept = [&](const char* trial) {
    EXPECT_TRUE(std::filesystem::exists(TrialFile(trial, "best.safetensors"))) << trial;
    return std::pair(std::filesystem::exists(TrialFile(trial, "checkpoint-5.safetensors")),
                     std::filesystem::exists(TrialFile(trial, "checkpoint-9.safetensors")));
  };
  EXPECT_EQ(kept("none"), std::pair(false, false));
  EXPECT_EQ(kept("last"), std::pair(false, true));
  EXPECT_EQ(kept("all"), std::pair(true, true));
  EXPECT_THAT(ReadFile(TrialFile("all", "arguments")), HasSubstr("--keep-all-checkpoints"));
  EXPECT_THAT(ReadFile(TrialFile("last", "arguments")), testing::Not(HasSubstr("--keep-all-checkpoints")));
}

TEST_F(AgentTest, AnAttemptThatEndsLeavesItsCheckpointsWhereItsTrialIsNotOver) {
  coordinator_.Assign("t1", R"([["started", 0], ["checkpoint", 5], ["checkpoint", 9], ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 1); }));
  ASSERT_TRUE(WaitForOutboxToBeEmpty());
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "checkpoint-5.safetensors")));
  EXPECT_TRUE(std::filesystem::exists(TrialFile("t1", "checkpoint-9.safetensors")));
}

TEST_F(AgentTest, ATrialThatAnotherWorkerTrainedSinceDoesNotGoOnFromTheCheckpointHere) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 6]], ["checkpoint", 5], ["kill", 9]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 1); }));
  coordinator_.Change([](FakeCoordinatorState& state) { state.Continue({"t1", 2}); });
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 6]], ["checkpoint", 5], ["kill", 9]])", 3, 2);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 3); }));
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), testing::Not(HasSubstr("--resume")));
  // Its own is that curve's.
  coordinator_.Assign("t1", R"([["finished", "completed"]])", 4, 3);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1", 4); }));
  EXPECT_THAT(ReadFile(TrialFile("t1", "arguments")), HasSubstr("--resume"));
}

}  // namespace
}  // namespace ofsweep
