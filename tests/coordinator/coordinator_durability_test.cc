// Nothing is told before it is durable, and memory never runs ahead of the database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "tests/coordinator/coordinator_world.h"
#include "tests/coordinator/scheduler_bench.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(CoordinatorDurability, AnAssignmentThatCannotBeStoredIsNotMade) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  world.BreakTrialWrites();
  const auto refused = world.Call("w", 2);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInternal) << refused.status();
  EXPECT_EQ(world.Count("sweep", TrialState::kPending), 2u);
  EXPECT_EQ(world.Count("sweep", TrialState::kRunning), 0u);
  world.Mend();
  const auto answer = world.Call("w", 2);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_THAT(answer->start, SizeIs(2));
  EXPECT_EQ(answer->start[0].name.generation, 1u);
}

TEST(CoordinatorDurability, AnEndThatCannotBeStoredIsNotConfirmed) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  const std::vector<AttemptReport> ended = {Ended(name.trial_id, name.generation, AttemptOutcome::kCompleted)};
  world.BreakTrialWrites();
  EXPECT_FALSE(world.Call("w", 1, ended).ok());
  EXPECT_FALSE(world.Call("w", 1, ended).ok());
  EXPECT_EQ(world.Count("sweep", TrialState::kRunning), 1u);
  world.Mend();
  const auto answer = world.Call("w", 1, ended);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->forget, ::testing::ElementsAre(name));
  EXPECT_EQ(world.Stored(name.trial_id).state, TrialState::kCompleted);
}

TEST(CoordinatorDurability, ACancellationThatFailedHalfWayIsFinished) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  world.BreakTrialWrites();
  EXPECT_FALSE(world.coordinator().Cancel("sweep").ok());  // the sweep's write succeeded, the trials' did not
  world.Mend();
  ASSERT_TRUE(world.coordinator().Cancel("sweep").ok());
  EXPECT_EQ(world.Count("sweep", TrialState::kCancelled), 2u);
  EXPECT_EQ(world.Stored(name.trial_id).state, TrialState::kCancelled);
  EXPECT_EQ((*world.store().FindSweep("sweep"))->state, SweepState::kCancelled);
}

TEST(CoordinatorDurability, PointsSurviveWhatBreaksDecisions) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  world.BreakTrialWrites();
  EXPECT_FALSE(world.Call("other", 1).ok());
  EXPECT_EQ(world.Push(name, {Step(10, 4.0)})->stored, 3u);
}

TEST(CoordinatorDurability, WhatWasToldIsStored) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep", 8).ok());
  const auto answer = world.Call("w", 16);
  ASSERT_THAT(answer->start, SizeIs(16));
  for (const AttemptStart& assignment : answer->start) {
    EXPECT_EQ(world.Stored(assignment.name.trial_id).generation, assignment.name.generation);
    EXPECT_EQ(world.Stored(assignment.name.trial_id).state, TrialState::kRunning);
  }
}

// A call whose decision waits for the disk, made by another thread.
class CallInTheBackground {
 public:
  explicit CallInTheBackground(std::function<absl::Status()> call)
      : thread_([this, call = std::move(call)] { status_ = call(); }) {}
  absl::Status Join() {
    thread_.join();
    return status_;
  }

 private:
  absl::Status status_;
  std::thread thread_;
};

WorkerReport ReportOf(CoordinatorWorld& world, const std::string& worker, int slots,
                      std::vector<AttemptReport> attempts) {
  WorkerReport report;
  report.worker_id = worker;
  report.slots = slots;
  report.attempts = std::move(attempts);
  report.database = world.coordinator().identity();
  return report;
}

TEST(CoordinatorDurability, UsersHearOfAnEndWhenItIsStored) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  const WorkerReport ended =
      ReportOf(world, "w", 0, {Ended(name.trial_id, name.generation, AttemptOutcome::kCompleted)});
  world.HoldWrites();
  CallInTheBackground call([&] { return world.coordinator().Synchronize(ended).status(); });
  ASSERT_TRUE(WaitUntil([&] { return world.coordinator().views().Workers()[0].busy == 0; })) << "the end was not taken";
  EXPECT_EQ(world.Count("sweep", TrialState::kRunning), 1u);
  EXPECT_EQ(world.Count("sweep", TrialState::kCompleted), 0u);
  const auto before = world.coordinator().views().Progress("sweep", 0, 1000);
  EXPECT_THAT(before->finished, IsEmpty());
  ASSERT_THAT(before->running, SizeIs(1));
  EXPECT_EQ(before->running[0].worker, "w");
  world.ReleaseWrites();
  ASSERT_TRUE(call.Join().ok());
  EXPECT_EQ(world.Count("sweep", TrialState::kCompleted), 1u);
  const auto after = world.coordinator().views().Progress("sweep", before->finished_cursor, 1000);
  ASSERT_THAT(after->finished, SizeIs(1));
  EXPECT_EQ(after->finished[0].trial_id, name.trial_id);
  EXPECT_THAT(after->running, IsEmpty());
}

TEST(CoordinatorDurability, UsersHearOfASweepWhenItIsStored) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("first").ok());
  world.HoldWrites();
  CallInTheBackground call([&] { return world.Submit("second", 2).status(); });  // shares the trials of the first
  ASSERT_TRUE(WaitUntil([&] { return world.coordinator().views().Settings("second").ok(); }));
  EXPECT_THAT(world.coordinator().views().Summaries(), SizeIs(1));
  EXPECT_EQ(world.coordinator().views().Summary("second").status().code(), absl::StatusCode::kNotFound);
  world.ReleaseWrites();
  ASSERT_TRUE(call.Join().ok());
  EXPECT_EQ(world.Count("second", TrialState::kPending), 4u);
  ASSERT_TRUE(world.Call("w", 1).ok());
  EXPECT_EQ(world.Count("first", TrialState::kRunning), 1u);
  EXPECT_EQ(world.Count("second", TrialState::kRunning), 1u);
}

TEST(CoordinatorDurability, AWatchersCursorOutlivesAFailedWrite) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const auto start = world.Call("w", 2)->start;
  ASSERT_THAT(start, SizeIs(2));
  const auto end = [&](const AttemptName& name) {
    return Ended(name.trial_id, name.generation, AttemptOutcome::kCompleted);
  };
  const AttemptReport first_runs = Running(start[0].name.trial_id, start[0].name.generation);
  ASSERT_TRUE(world.Call("w", 2, {first_runs, end(start[1].name)}).ok());
  const auto told = world.coordinator().views().Progress("sweep", 0, 1000);
  ASSERT_THAT(told->finished, SizeIs(1));
  world.BreakTrialWrites();
  EXPECT_FALSE(world.Call("w", 2, {end(start[0].name)}).ok());
  world.Mend();
  ASSERT_TRUE(world.Call("w", 2, {end(start[0].name)}).ok());
  const auto next = world.coordinator().views().Progress("sweep", told->finished_cursor, 1000);
  ASSERT_THAT(next->finished, SizeIs(1));
  EXPECT_EQ(next->finished[0].trial_id, start[0].name.trial_id);
}

TEST(CoordinatorDurability, AHeartbeatIsAnsweredWhilePointsWaitForTheDisk) {
  CoordinatorWorld world;
  world.options.max_push_bytes = 1;  // one push at a time
  world.Restart();
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  world.HoldWrites();
  const auto push = [&] { return world.Push(name, {Step(10, 4.0)}).status(); };
  CallInTheBackground first(push);
  CallInTheBackground second(push);
  const auto answer =
      world.coordinator().Synchronize(ReportOf(world, "w", 1, {Running(name.trial_id, name.generation)}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->keep, SizeIs(1));
  world.ReleaseWrites();
  EXPECT_TRUE(first.Join().ok());
  EXPECT_TRUE(second.Join().ok());
}

// Many workers at once, one of them through failing writes: every trial ends once, and the books agree with the
// database.
TEST(CoordinatorDurability, ManyThreadsShareTheWork) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep", 100).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      WorkerReport report;
      report.worker_id = "w" + std::to_string(i);
      report.slots = 3;
      report.database = world.coordinator().identity();
      while (world.Count("sweep", TrialState::kCompleted) < 200) {
        const auto answer = world.coordinator().Synchronize(report);
        if (!answer.ok()) continue;
        report.attempts.clear();
        for (const AttemptStart& assignment : answer->start) {
          AttemptReport ended = Ended(assignment.name.trial_id, assignment.name.generation, AttemptOutcome::kCompleted);
          report.attempts.push_back(std::move(ended));
        }
      }
    });
  }
  world.BreakTrialWrites();
  world.Mend();
  for (std::thread& thread : threads) thread.join();
  const auto counts = world.store().CountTrials("sweep");
  EXPECT_EQ(counts->at(TrialState::kCompleted), 200u);
  EXPECT_EQ((*world.store().FindSweep("sweep"))->state, SweepState::kFinished);
  world.Restart();
  EXPECT_EQ(world.Count("sweep", TrialState::kCompleted), 200u);
}

}  // namespace
}  // namespace ofsweep
