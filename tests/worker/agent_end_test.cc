// How agents end as batch systems have them end: at a deadline, for want of work, and in a folder that others use.
#include <chrono>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "agent_fixture.h"
#include "worker/outbox.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::HasSubstr;

const char kHangs[] = R"([["started", 0], ["points", [0, 4]], ["hang", 0]])";

TEST_F(AgentTest, AtItsDeadlineAnAgentStopsByItselfWithoutACostForItsTrials) {
  coordinator_.Assign("t1", kHangs);
  AgentOptions options = Options();
  options.until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  options.stop_grace = options.drain_grace = std::chrono::seconds(1);
  StartAgent(options);
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) { return state.reports > 0; }));
  EXPECT_LE(coordinator_.state().last_report.seconds_left(), 3.0);
  thread_.join();  // nobody asks it to
  const FakeCoordinatorState state = coordinator_.state();
  EXPECT_LE(std::chrono::steady_clock::now(), *options.until);
  EXPECT_EQ(state.last_report.slots(), 0u);
  ASSERT_TRUE(state.Ended("t1"));
  EXPECT_EQ(state.ended.at({"t1", 1}).outcome(), "preempted");
  EXPECT_THAT(state.ended.at({"t1", 1}).failure_message(), HasSubstr("time is up"));
  EXPECT_EQ(state.points_at_end.at({"t1", 1}), 8u);
  EXPECT_TRUE(fs::exists(TrialFile("t1", "checkpoint-0.safetensors")));
}

TEST_F(AgentTest, WhatItIsToldToStartWhileItStopsIsGivenBackAtOnce) {
  coordinator_.Assign("t1", R"([["ignore_terminate", 0], ["hang", 0]])");
  AgentOptions options = Options();
  options.stop_grace = std::chrono::seconds(2);
  StartAgent(options);
  ASSERT_TRUE(WaitForFile("t1", "done-0"));
  thread_.request_stop();
  ASSERT_TRUE(WaitForFile("t1", "terminated"));
  coordinator_.Assign("t2", kHangs);
  thread_.join();
  ASSERT_TRUE(coordinator_.state().Ended("t2"));
  EXPECT_EQ(coordinator_.state().ended.at({"t2", 1}).outcome(), "preempted");
  EXPECT_FALSE(fs::exists(TrialFile("t2", "pid")));
}

TEST_F(AgentTest, AnIdleAgentEndsOnceItHasHeldNothingForLong) {
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["wait", "go"], ["finished", "completed"]])");
  AgentOptions options = Options();
  options.exit_when_idle = milliseconds(100);
  StartAgent(options);
  const std::uint64_t reports = coordinator_.state().reports;
  ASSERT_TRUE(coordinator_.WaitUntil([&](const FakeCoordinatorState& state) { return state.reports > reports + 2; }));
  Let("t1", "go");
  thread_.join();
  EXPECT_EQ(coordinator_.state().ended.at({"t1", 1}).outcome(), "completed");
  EXPECT_EQ(coordinator_.state().last_report.slots(), 0u);
  EXPECT_TRUE(fs::is_empty(data_dir_ + "/outbox"));
}

TEST_F(AgentTest, AnIdleAgentWhoseCoordinatorIsAwayEndsWithAnError) {
  coordinator_.Stop();
  AgentOptions options = Options();
  options.exit_when_idle = milliseconds(200);
  const auto agent =
      Agent::Create(options, DialCoordinator(coordinator_.address(), {}, WorkerChannelArguments()).value());
  ASSERT_TRUE(agent.ok()) << agent.status();
  EXPECT_EQ((*agent)->Run({}).code(), absl::StatusCode::kUnavailable);
}

// Editors, NFS, users with cp, and a file of another worker: its attempt is nobody's here, and the coordinator says so.
TEST_F(AgentTest, FilesThatAreNoOutboxesStopNobody) {
  const std::string outbox = data_dir_ + "/outbox/";
  fs::create_directories(outbox + "t7.1.jsonl");
  fs::create_directories(outbox + "backup");
  const AttemptHeader header{
      .name = {"t8", 4}, .attempt = 1, .started_at_ms = 1, .continued_generation = 0, .secret = SecretOf("t8", 4)};
  ASSERT_TRUE(Outbox::Create(outbox, header).ok());
  fs::copy(outbox + "t8.4.jsonl", outbox + "t8.5.jsonl");
  fs::copy(outbox + "t8.4.jsonl", outbox + "a copy of t8.4.jsonl");
  for (const char* name : {"t1.1.jsonl", ".nfs00000001", "t1.1.jsonl~", ".jsonl", "notes.jsonl", "t1.x.jsonl"}) {
    std::ofstream file(outbox + name);
  }
  fs::create_symlink("nowhere", outbox + "t9.1.jsonl");
  coordinator_.Assign("t2", R"([["points", [0, 4]], ["finished", "completed"]])");
  coordinator_.Assign("t1", R"([["points", [0, 4]], ["finished", "completed"]])");
  StartAgent();
  ASSERT_TRUE(coordinator_.WaitUntil([](const FakeCoordinatorState& state) {
    return state.Ended("t1") && state.Ended("t2") && state.Ended("t8", 4);
  }));
  EXPECT_EQ(coordinator_.state().Points("t1"), 8u);
  EXPECT_FALSE(coordinator_.state().Ended("t8", 5));
  EXPECT_TRUE(fs::exists(outbox + "t8.5.jsonl"));
  EXPECT_TRUE(fs::exists(outbox + "a copy of t8.4.jsonl"));
}

}  // namespace
}  // namespace ofsweep
