// What becomes of a trial when its attempt ends, and of a sweep when its user changes her mind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SchedulerOutcome, ACrashIsRepeatedOnAnotherWorkerAfterAWait) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("other", 0);
  bench.Call("w", 1, {Failed("a", 1, FailureClass::kCrash)});
  EXPECT_EQ(bench.Reason("sweep"), "waiting: retry in 10 s after a crash on w");
  EXPECT_THAT(bench.Call("other", 1).start, IsEmpty());
  bench.now += bench.options.retry_delay_ms;
  EXPECT_THAT(bench.Call("w", 1).start, IsEmpty());
  EXPECT_THAT(Names(bench.Call("other", 1).start), ElementsAre("a:2"));
}

TEST(SchedulerOutcome, ACrashIsRepeatedOnTheSameWorkerWhereThereIsNoOther) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Failed("a", 1, FailureClass::kCrash)});
  bench.now += bench.options.retry_delay_ms;
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:2"));
}

struct Budget {
  FailureClass failure;
  int attempts;
};
class SchedulerBudget : public ::testing::TestWithParam<Budget> {};

TEST_P(SchedulerBudget, ATrialFailsAfterSoManyAttempts) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  int attempts = 0;
  while (!IsTerminal(bench.StateOf("a"))) {
    bench.now += 3'600'000;
    ASSERT_EQ(bench.Call("w", 1).start.size(), 1u);
    ++attempts;
    bench.Call("w", 1, {Failed("a", static_cast<std::uint64_t>(attempts), GetParam().failure)});
  }
  EXPECT_EQ(attempts, GetParam().attempts);
  EXPECT_EQ(bench.StateOf("a"), TrialState::kFailed);
  EXPECT_EQ(bench.last.change.trials.back().failure_class, GetParam().failure);
  EXPECT_EQ(bench.last.change.trials.back().failure_message, "it broke");
  EXPECT_EQ(bench.scheduler.books().FindSweep("sweep")->state, SweepState::kFinished);
}

INSTANTIATE_TEST_SUITE_P(Classes, SchedulerBudget,
                         ::testing::Values(Budget{FailureClass::kCrash, 3}, Budget{FailureClass::kTimeout, 3},
                                           Budget{FailureClass::kOom, 2}, Budget{FailureClass::kBadConfig, 1},
                                           Budget{FailureClass::kBadData, 1}));

TEST(SchedulerOutcome, APreemptedTrialRunsElsewhereAtOnceAndDoesNotCount) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 0, {Ended("a", 1, AttemptOutcome::kPreempted)});
  EXPECT_THAT(Names(bench.Call("other", 1).start), ElementsAre("a:2"));
  EXPECT_EQ(bench.FailuresOf("a"), 0);
}

TEST(SchedulerOutcome, AHostOnWhichTrialsCrashInARowIsQuarantined) {
  SchedulerBench bench;
  bench.Submit("sweep", {"x", "a", "b", "c", "d"});
  bench.Call("good", 1);
  const auto good_is_busy = [&] { bench.Call("good", 1, {Running("x", 1)}); };
  bench.Call("bad", 3);
  bench.Call("bad", 3,
             {Failed("a", 1, FailureClass::kCrash), Failed("b", 1, FailureClass::kCrash),
              Failed("c", 1, FailureClass::kCrash)});
  const SynchronizeAnswer answer = bench.Call("bad", 3);
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_THAT(answer.reason, HasSubstr("bad is in quarantine until"));
  EXPECT_THAT(answer.reason, HasSubstr("3 trials in a row crashed on it"));
  EXPECT_THAT(bench.Reason("sweep"), HasSubstr("bad is in quarantine"));
  EXPECT_NE(bench.scheduler.fleet().Views(bench.now).back().quarantine_reason, "");
  // It gets another chance, and one more crash sends it back for twice as long.
  bench.now += bench.options.quarantine.first_ms;
  good_is_busy();
  EXPECT_THAT(Names(bench.Call("bad", 1).start), ElementsAre("d:1"));
  bench.Call("bad", 1, {Failed("d", 1, FailureClass::kCrash)});
  bench.now += 2 * bench.options.quarantine.first_ms - 5 * SchedulerBench::kSecond;
  good_is_busy();
  EXPECT_THAT(bench.Call("bad", 1).start, IsEmpty());
  bench.now += 5 * SchedulerBench::kSecond;
  EXPECT_THAT(bench.Call("bad", 1).start, ::testing::SizeIs(1));
}

TEST(SchedulerOutcome, TheLastWorkerThatCanWorkIsNeverQuarantined) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b", "c", "d"});
  bench.Call("only", 3);
  bench.Call("only", 3,
             {Failed("a", 1, FailureClass::kCrash), Failed("b", 1, FailureClass::kCrash),
              Failed("c", 1, FailureClass::kCrash)});
  EXPECT_EQ(bench.scheduler.fleet().Views(bench.now).front().quarantine_reason, "");
  EXPECT_EQ(bench.StateOf("d"), TrialState::kRunning);
}

TEST(SchedulerOutcome, TrialsThatCrashEverywhereQuarantineNobody) {
  SchedulerBench bench;
  bench.Submit("sweep", {"x", "a", "b", "c"});
  bench.Call("good", 1);
  bench.Call("other", 3);
  bench.Call("other", 3,
             {Failed("a", 1, FailureClass::kCrash), Failed("b", 1, FailureClass::kCrash),
              Failed("c", 1, FailureClass::kCrash)});
  const auto is_quarantined = [&] {
    return !bench.scheduler.fleet().Views(bench.now).back().quarantine_reason.empty();
  };
  EXPECT_TRUE(is_quarantined());
  bench.now += bench.options.retry_delay_ms;
  const SynchronizeAnswer again = bench.Call("good", 2, {Running("x", 1)});
  ASSERT_THAT(Names(again.start), ElementsAre("a:2"));
  bench.Call("good", 2, {Running("x", 1), Failed("a", 2, FailureClass::kCrash)});
  EXPECT_FALSE(is_quarantined());
}

TEST(SchedulerOutcome, NewWorkGoesBeforeWhatKeepsFailing) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b"});
  bench.Call("w", 1);
  bench.Call("w", 0, {Failed("a", 1, FailureClass::kTimeout)});
  bench.now += 3'600'000;
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("b:1"));
}

TEST(SchedulerOutcome, OneBadTrialDoesNotQuarantineItsHost) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    bench.now += 3'600'000;
    bench.Call("w", 1);
    bench.Call("w", 1, {Failed("a", generation, FailureClass::kCrash)});
  }
  EXPECT_EQ(bench.StateOf("a"), TrialState::kFailed);
  bench.Submit("other", {"b"});
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("b:1"));
}

TEST(SchedulerData, ATrialOfOtherDataWaitsForAnotherWorkerAndDoesNotCount) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("elsewhere", 1);
  AttemptReport other = Failed("a", 1, FailureClass::kOtherData);
  other.end->message = "text corpus.txt here is another";
  EXPECT_THAT(bench.Call("elsewhere", 1, {other}).start, IsEmpty());
  EXPECT_EQ(bench.scheduler.books().FindTrial("a")->failures, 0);
  EXPECT_THAT(bench.Reason("sweep"), AllOf(HasSubstr("elsewhere"), HasSubstr("corpus.txt here is another")));
  EXPECT_THAT(bench.Call("elsewhere", 1).reason, HasSubstr("corpus.txt here is another"));
  EXPECT_THAT(Names(bench.Call("right", 1).start), ElementsAre("a:2"));
}

TEST(SchedulerData, AWorkerThatWasStartedAgainIsAskedAgain) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Failed("a", 1, FailureClass::kOtherData)});
  EXPECT_EQ(bench.StateOf("a"), TrialState::kPending);
  EXPECT_EQ(bench.StateOf("b"), TrialState::kRunning) << "its other trials are trained";
  bench.now += bench.options.lease_ms + SchedulerBench::kSecond;
  bench.last = bench.scheduler.Tick(bench.now);
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:2"));
}

TEST(SchedulerSweep, ASharedTrialGoesOnUntilNoSweepWantsIt) {
  SchedulerBench bench;
  bench.Submit("first", {"shared", "own"});
  bench.Submit("second", {"shared"});
  bench.Call("w", 1);
  ASSERT_TRUE(bench.scheduler.Cancel("first", bench.now).ok());
  EXPECT_EQ(bench.StateOf("shared"), TrialState::kRunning);
  EXPECT_EQ(bench.StateOf("own"), TrialState::kCancelled);
  ASSERT_TRUE(bench.scheduler.Cancel("second", bench.now).ok());
  EXPECT_EQ(bench.StateOf("shared"), TrialState::kCancelled);
  EXPECT_THAT(Names(bench.Call("w", 1, {Running("shared", 1)}).stop), ElementsAre("shared:1"));
}

TEST(SchedulerSweep, ASharedTrialIsTrainedOnce) {
  SchedulerBench bench;
  bench.Submit("first", {"a", "b"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Ended("a", 1, AttemptOutcome::kCompleted)});
  bench.Submit("second", {"a", "c"});
  EXPECT_EQ(bench.scheduler.books().FindSweep("second")->count(TrialState::kCompleted), 1u);
}

TEST(SchedulerSweep, ASharedTrialWaitsOnlyWhileAllItsSweepsArePaused) {
  SchedulerBench bench;
  bench.Submit("first", {"shared"});
  bench.Submit("second", {"shared"});
  ASSERT_TRUE(bench.scheduler.Pause("first", bench.now).ok());
  ASSERT_TRUE(bench.scheduler.Pause("second", bench.now).ok());
  EXPECT_THAT(bench.Call("w", 1).start, IsEmpty());
  ASSERT_TRUE(bench.scheduler.Resume("second", bench.now).ok());
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("shared:1"));
}

TEST(SchedulerSweep, ACancelledSweepResumesWithNewGenerations) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b"});
  bench.Call("w", 1);
  ASSERT_TRUE(bench.scheduler.Cancel("sweep", bench.now).ok());
  ASSERT_TRUE(bench.scheduler.Resume("sweep", bench.now).ok());
  EXPECT_THAT(bench.Call("w", 1, {Running("a", 1)}).start, IsEmpty());  // it has to stop first
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:2"));
}

TEST(SchedulerSweep, RetryGivesFailedTrialsAFreshBudgetAndOpensTheSweepAgain) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Failed("a", 1, FailureClass::kBadData)});
  EXPECT_EQ(bench.scheduler.books().FindSweep("sweep")->state, SweepState::kFinished);
  const auto decision = bench.scheduler.Retry("sweep", {}, bench.now);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->change.trials.size(), 1u);
  EXPECT_EQ(bench.FailuresOf("a"), 0);
  EXPECT_EQ(bench.scheduler.books().FindSweep("sweep")->state, SweepState::kActive);
  const std::vector<std::string> unknown = {"nobody"};
  EXPECT_EQ(bench.scheduler.Retry("sweep", unknown, bench.now).status().code(), absl::StatusCode::kNotFound);
}

TEST(SchedulerSweep, WhatItsStateForbidsIsRefused) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  EXPECT_EQ(bench.scheduler.Pause("nobody", bench.now).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(bench.scheduler.Cancel("sweep", bench.now).ok());
  EXPECT_TRUE(bench.scheduler.Cancel("sweep", bench.now)->change.empty());
  EXPECT_EQ(bench.scheduler.Pause("sweep", bench.now).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(bench.scheduler.Retry("sweep", {}, bench.now).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(SchedulerOutcome, ATrialThatIsSaidToBeCompletedBeforeItsLastStepIsNot) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  AttemptReport early = Ended("a", 1, AttemptOutcome::kCompleted);
  early.end->step = 3;
  bench.Call("w", 0, {early});
  EXPECT_EQ(bench.StateOf("a"), TrialState::kPending);
  EXPECT_EQ(bench.FailuresOf("a"), 1);
  AttemptReport beyond = Ended("b", 1, AttemptOutcome::kDiverged);
  beyond.end->step = 101;
  bench.Submit("other", {"b"});
  bench.Call("v", 1);
  bench.Call("v", 0, {beyond});
  EXPECT_EQ(bench.StateOf("b"), TrialState::kPending);
}

TEST(SchedulerOutcome, TheTimeOfALostAttemptCounts) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Running("a", 1)});
  bench.Call("w", 1, {Running("a", 1)});
  bench.Wait(60'000);
  ASSERT_EQ(bench.last.change.trials.size(), 1u);
  EXPECT_EQ(bench.last.change.trials[0].added_wall_seconds, 2) << "as long as was heard of it";
}

TEST(SchedulerSweep, StepsAreCountedForTheEta) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b"});
  bench.scheduler.RecordStored("a", 30);
  bench.scheduler.RecordStored("a", 20);  // an older message
  const SweepRecord& sweep = *bench.scheduler.books().FindSweep("sweep");
  EXPECT_EQ(sweep.steps_done, 30);
  EXPECT_EQ(sweep.steps_to_do, 170);
  bench.Call("w", 1);
  bench.Call("w", 1, {Ended("a", 1, AttemptOutcome::kDiverged)});
  EXPECT_EQ(sweep.steps_to_do, 100);
}

}  // namespace
}  // namespace ofsweep
