// A sweep is deleted: what users, workers and other sweeps meet afterwards.

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/coordinator_world.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> Names(CoordinatorWorld& world) {
  std::vector<std::string> names;
  for (const SweepSummary& sweep : world.coordinator().views().Summaries()) names.push_back(sweep.name);
  return names;
}

WorkerReport ReportOf(CoordinatorWorld& world, std::uint64_t followed) {
  return {.worker_id = "w",
          .host = "host",
          .slots = 1,
          .devices = {{.kind = "cpu"}},
          .database = world.coordinator().identity(),
          .deletions_followed = followed};
}

TEST(DeleteSweep, IsRefusedWhileAWorkerHasATrialThatNoOtherSweepHolds) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  const absl::Status held = world.coordinator().Delete("sweep").status();
  EXPECT_EQ(held.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(held.message()), HasSubstr("cancel it"));
  // Told to stop, it may still write its checkpoint.
  ASSERT_TRUE(world.coordinator().Cancel("sweep").ok());
  EXPECT_EQ(world.coordinator().Delete("sweep").status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(
      world.Call("w", 1, {{.name = name, .end = AttemptEnd{.outcome = AttemptOutcome::kCancelled, .step = 10}}}).ok());
  ASSERT_TRUE(world.coordinator().Delete("sweep").ok());
  EXPECT_THAT(Names(world), IsEmpty());
  EXPECT_EQ(world.coordinator().Delete("sweep").status().code(), absl::StatusCode::kNotFound);
}

// The second is decided while the first is on its way to the disk.
TEST(DeleteSweep, OfTwoSweepsAtOnceThatShareTrialsTheLastTakesThemWithIt) {
  for (int round = 0; round < 10; ++round) {
    CoordinatorWorld world;
    ASSERT_TRUE(world.Submit("first").ok());
    ASSERT_TRUE(world.Submit("second").ok());
    const AttemptName name = world.Call("w", 1)->start[0].name;
    ASSERT_TRUE(world.Call("w", 0, {Completed(name)}).ok());
    world.HoldWrites();
    std::vector<std::future<absl::Status>> deletions;
    for (const char* sweep : {"first", "second"}) {
      deletions.push_back(
          std::async(std::launch::async, [&world, sweep] { return world.coordinator().Delete(sweep).status(); }));
    }
    world.ReleaseWrites();
    for (auto& deletion : deletions) EXPECT_EQ(deletion.get(), absl::OkStatus());
    const auto deleted = world.store().ListDeletedTrials();
    ASSERT_EQ(deleted->size(), 1u) << "round " << round;
    EXPECT_EQ(deleted->front().newest, name);
    EXPECT_EQ(world.coordinator().Inconsistency(), "");
  }
}

TEST(DeleteSweep, IsNotUndoneByAnUpdateThatWasOnItsWay) {
  const std::string text = "name: sweep\ntrial: {train.steps: 100}\ngrid: {seed: [0, 1, 2, 3]}\n";
  for (int round = 0; round < 10; ++round) {
    CoordinatorWorld world;
    ASSERT_TRUE(world.SubmitText(text).ok());
    auto update = std::async(std::launch::async, [&] { return world.UpdateText(text).status(); });
    EXPECT_EQ(world.coordinator().Delete("sweep").status(), absl::OkStatus());
    const absl::Status updated = update.get();
    EXPECT_TRUE(updated.ok() || absl::IsNotFound(updated)) << updated;
    EXPECT_THAT(Names(world), IsEmpty()) << "round " << round;
  }
}

TEST(DeleteSweep, LeavesTheTrialsOfOtherSweepsUndisturbed) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("first", 1).ok());
  ASSERT_TRUE(world.Submit("second", 2).ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  const auto deleted = world.coordinator().Delete("first");
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->deleted_trials, 0u);
  EXPECT_EQ(deleted->shared_trials, 2u);
  const auto answer = world.Call("w", 1, {{.name = name}});
  EXPECT_THAT(answer->keep, SizeIs(1));
  EXPECT_EQ(world.Push(name, {Step(10, 4.5)})->stored, 3u);
  EXPECT_EQ(world.Count("second", TrialState::kRunning), 1u);
  EXPECT_EQ(world.coordinator().Inconsistency(), "");
}

TEST(DeleteSweep, TellsWorkersOnceWhatTheyMayRemove) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  const AttemptName next = world.Call("w", 1, {Completed(name)})->start[0].name;
  ASSERT_TRUE(world.Call("w", 0, {Completed(next)}).ok());
  ASSERT_TRUE(world.coordinator().Delete("sweep").ok());
  world.Restart();
  auto answer = world.coordinator().Synchronize(ReportOf(world, 0));
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(answer->deleted, ElementsAre(name, next));
  EXPECT_THAT(world.coordinator().Synchronize(ReportOf(world, answer->deletions_through))->deleted, IsEmpty());
  // A number that this database has not given is of a newer one, of which this is an older copy.
  EXPECT_THAT(world.coordinator().Synchronize(ReportOf(world, 1'000'000))->deleted, SizeIs(2));
}

TEST(DeleteSweep, AnAttemptOfADeletedTrialIsForgotten) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName lost = world.Call("silent", 1)->start[0].name;
  world.clock.now += 3'600'000;
  ASSERT_TRUE(world.coordinator().Tick().ok());
  ASSERT_TRUE(world.coordinator().Delete("sweep").ok());
  EXPECT_THAT(world.Call("silent", 1, {{.name = lost}})->forget, ElementsAre(lost));
}

TEST(DeleteSweep, SubmittedAgainItBeginsAnewUnderNewNames) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName old = world.Call("w", 1)->start[0].name;
  ASSERT_TRUE(world.Push(old, {Step(10, 4.5)}).ok());
  ASSERT_TRUE(world.Call("w", 0, {Completed(old)}).ok());
  ASSERT_TRUE(world.coordinator().Delete("sweep").ok());
  ASSERT_TRUE(world.Submit("sweep").ok());
  EXPECT_EQ(world.Count("sweep", TrialState::kPending), 2u);
  for (const bool restarted : {false, true}) {
    if (restarted) world.Restart();
    EXPECT_THAT(world.Call("w", 0, {Completed(old)})->forget, ElementsAre(old));
  }
  const AttemptStart start = world.Call("w", 1)->start[0];
  EXPECT_EQ(start.name.trial_id, old.trial_id);
  EXPECT_GT(start.name.generation, old.generation);
  EXPECT_EQ(start.stored_through, 0);
}

TEST(DeleteSweep, WatchersOfOtherSweepsHearOfEveryEndToCome) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.SubmitText("{name: other, trial: {train.steps: 100, data.path: /corpus, seed: 77}}").ok());
  ASSERT_TRUE(world.Submit("watched").ok());
  const AttemptName other = world.Call("w", 1)->start[0].name;
  const AttemptName first = world.Call("w", 1, {Completed(other)})->start[0].name;
  const AttemptName second = world.Call("w", 1, {Completed(first)})->start[0].name;
  const auto before = world.coordinator().views().Progress("watched", std::nullopt, 1000);
  EXPECT_THAT(before->finished, SizeIs(1));
  ASSERT_TRUE(world.coordinator().Delete("other").ok());
  ASSERT_TRUE(world.Call("w", 1, {Completed(second)}).ok());
  const auto after = world.coordinator().views().Progress("watched", before->finished_cursor, 1000);
  std::vector<std::string> told;
  for (const FinishedTrial& trial : after->finished) told.push_back(trial.trial_id);
  EXPECT_THAT(told, testing::Contains(second.trial_id));
  const auto last = world.coordinator().views().Progress("watched", after->finished_cursor, 1000);
  EXPECT_THAT(last->finished, IsEmpty());
}

TEST(DeleteSweep, OnAFullDiskTheSweepStays) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  world.BreakTrialWrites();
  EXPECT_FALSE(world.coordinator().Delete("sweep").ok());
  EXPECT_THAT(Names(world), ElementsAre("sweep"));
  world.Mend();
  EXPECT_TRUE(world.coordinator().Delete("sweep").ok());
  EXPECT_THAT(Names(world), IsEmpty());
}

}  // namespace
}  // namespace ofsweep
