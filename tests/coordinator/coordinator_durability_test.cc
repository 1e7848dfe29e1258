// Nothing is told before it is durable, and memory never runs ahead of the database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/coordinator/coordinator_world.h"
#include "tests/coordinator/scheduler_bench.h"

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
  EXPECT_EQ(world.Push("w", name, {Step(10, 4.0)})->stored, 3u);
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
