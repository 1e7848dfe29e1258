// What an agent does when the coordinator, the disk or a trainer fails it.
#include <chrono>
#include <fstream>

#include <gmock/gmock.h>

#include "agent_fixture.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

TEST_F(AgentTest, TrainingGoesOnWhileTheCoordinatorIsAwayAndNothingIsLost) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 20]], ["wait", "go"], ["points", [20, 2000]],
                                ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 40; }));
  for (int round = 0; round < 2; ++round) {
    coordinator_.Stop();
    Let("t1", "go");
    ASSERT_TRUE(WaitForFile("t1", "done-3"));
    coordinator_.Start();
  }
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "completed");
  EXPECT_EQ(coordinator_.state().points_at_end.at({"t1", 1}), 4000u);
}

// Nothing of it is taken but what comes before, not even that it ended well.
TEST_F(AgentTest, AnAttemptWhoseOutboxIsDamagedEndsThereAndSaysSo) {
  coordinator_.Assign("t1", R"([["started", 0], ["points", [0, 4]], ["wait", "go"], ["points", [4, 20]],
                                ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Points("t1") == 8; }));
  coordinator_.Stop();
  Let("t1", "go");
  ASSERT_TRUE(WaitForFile("t1", "done-4"));
  StopAgent();
  const std::string outbox = data_dir_ + "/outbox/t1.1.jsonl";
  std::string text = ReadFile(outbox);
  text[text.find("\"step\": 11") + 9] ^= 1;  // another step, as it reads
  std::ofstream(outbox) << text;
  StartAgent();
  coordinator_.Start();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  const v1::Ended ended = coordinator_.state().ended.at({"t1", 1});
  EXPECT_EQ(ended.outcome(), "preempted");
  EXPECT_THAT(ended.failure_message(), testing::AllOf(HasSubstr(outbox), HasSubstr("damaged")));
  EXPECT_EQ(ended.step(), 10u);
  EXPECT_EQ(coordinator_.state().points_at_end.at({"t1", 1}), 22u);
}

TEST_F(AgentTest, StartsBeforeItsCoordinator) {
  coordinator_.Stop();
  StartAgent();
  coordinator_.Assign("t1", R"([["points", [0, 2]], ["finished", "completed"]])");
  coordinator_.Start();
  EXPECT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
}

TEST_F(AgentTest, PointsThatTheCoordinatorRefusesFailTheirTrialAndNoOther) {
  coordinator_.Change([](FakeCoordinatorState& state) { state.refused.insert("bad"); });
  coordinator_.Assign("bad", R"([["points", [0, 4]], ["hang", 0]])");
  coordinator_.Assign("good", R"([["points", [0, 4]], ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil(
      [](const FakeCoordinatorState& state) { return state.Ended("bad") && state.Ended("good"); }));
  const FakeCoordinatorState state = coordinator_.state();
  EXPECT_EQ(state.ended.at({"good", 1}).outcome(), "completed");
  EXPECT_EQ(state.Points("good"), 8u);
  EXPECT_EQ(state.ended.at({"bad", 1}).failure_class(), "crash");
  EXPECT_THAT(state.ended.at({"bad", 1}).failure_message(), HasSubstr("a metric has no name"));
}

TEST_F(AgentTest, ATrainerThatFallsSilentTimesOut) {
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["hang", 0]])");
  AgentOptions options = Options();
  options.silence_timeout = std::chrono::milliseconds(400);
  StartAgent(options);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  const v1::Ended ended = coordinator_.state().ended.at({"t1", 1});
  EXPECT_EQ(ended.outcome(), "failed");
  EXPECT_EQ(ended.failure_class(), "timeout");
}

TEST_F(AgentTest, OnAFullDiskNoSlotIsOfferedAndNoTrialIsToBlame) {
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["hang", 0]])");
  AgentOptions options = Options();
  options.min_free_bytes = ~std::uint64_t{0} >> 1;  // more than any disk has
  StartAgent(options);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.Ended("t1"); }));
  EXPECT_EQ(coordinator_.state().last_report.slots(), 0u);
  const v1::Ended ended = coordinator_.state().ended.at({"t1", 1});
  EXPECT_EQ(ended.outcome(), "preempted");
  EXPECT_THAT(ended.failure_message(), HasSubstr(data_dir_));
  EXPECT_THAT(ended.failure_message(), HasSubstr("--data-dir"));
}

TEST_F(AgentTest, AnAssignmentThatCannotBeRunFailsWithoutATrainer) {
  coordinator_.Change([](FakeCoordinatorState& state) {
    v1::Start& assignment = state.wanted.emplace_back();
    assignment.set_trial_id("../../escape");
    assignment.set_generation(1);
    assignment.set_config_json("{}");
    state.wanted.push_back(assignment);
    state.wanted.back().set_trial_id("t2");
    state.wanted.back().set_config_json("no JSON");
  });
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil(
      [](const FakeCoordinatorState& state) { return state.Ended("../../escape") && state.Ended("t2"); }));
  EXPECT_EQ(coordinator_.state().ended.at({"../../escape", 1}).failure_class(), "bad_config");
  EXPECT_EQ(coordinator_.state().ended.at({"t2", 1}).failure_class(), "bad_config");
}

TEST_F(AgentTest, OneAgentAtATimeUsesADataFolder) {
  StartAgent();
  const auto second =
      Agent::Create(Options(), DialCoordinator(coordinator_.address(), {}, WorkerChannelArguments()).value());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another worker"));
}

TEST_F(AgentTest, AMissingTrainerIsFoundOutAtOnce) {
  AgentOptions options = Options();
  options.trainer_path = data_dir_ + "/no-such-trainer";
  const auto agent =
      Agent::Create(options, DialCoordinator(coordinator_.address(), {}, WorkerChannelArguments()).value());
  EXPECT_EQ(agent.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(agent.status().message()), HasSubstr("no-such-trainer"));
}

}  // namespace
}  // namespace ofsweep
