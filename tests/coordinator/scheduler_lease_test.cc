// Who may run what: leases, generations, and what workers that vanish or come back are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(SchedulerLease, SweepsTakeTurnsAndTheirTrialsGoOutInOrder) {
  SchedulerBench bench;
  bench.Submit("first", {"a", "b"});
  bench.Submit("second", {"c", "d"});
  EXPECT_THAT(Names(bench.Call("w", 3).start), ElementsAre("a:1", "c:1", "b:1"));
}

TEST(SchedulerLease, SweepsOfAHigherPriorityGoFirstFromWhenItIsSet) {
  SchedulerBench bench;
  bench.Submit("old", {"a", "b", "shared"});
  bench.Submit("low", {"c"}, false, {.priority = -1});
  bench.Submit("high", {"d", "shared"}, false, {.priority = 5});
  EXPECT_THAT(Names(bench.Call("w", 3).start), ElementsAre("d:1", "shared:1", "a:1"));
  ASSERT_TRUE(bench.scheduler.UpdateSweep("low", {.priority = 1}, {}, bench.now).ok());
  EXPECT_THAT(Names(bench.Call("v", 2).start), ElementsAre("c:1", "b:1"));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, APriorityHoldsForTrialsWithAndWithoutCudaAndWhilePaused) {
  SchedulerBench bench;
  bench.Submit("old", {"a"});
  bench.Submit("high", {"g"}, true, {.priority = 1});
  bench.Submit("paused", {"p"}, false, {.priority = 2});
  ASSERT_TRUE(bench.scheduler.Pause("paused", bench.now).ok());
  EXPECT_THAT(Names(bench.Call("gpu", 2, {}, "cuda").start), ElementsAre("g:1", "a:1"));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, OfATrialThatSweepsShareTheMostCheckpointsAreKeptThatOneOfThemWants) {
  SchedulerBench bench;
  bench.Submit("none", {"a", "b"}, false, {.keep_checkpoints = KeepCheckpoints::kNone});
  bench.Submit("all", {"b", "c"}, false, {.keep_checkpoints = KeepCheckpoints::kAll});
  std::vector<bool> all;
  for (const AttemptStart& start : bench.Call("w", 3).start) all.push_back(start.keep_all_checkpoints);
  EXPECT_THAT(all, ElementsAre(false, true, true));
  const auto ended = bench.Call("w", 3,
                                {Ended("a", 1, AttemptOutcome::kCompleted), Ended("b", 1, AttemptOutcome::kDiverged),
                                 Failed("c", 1, FailureClass::kCrash)});
  EXPECT_THAT(ended.forget, SizeIs(3));
  EXPECT_THAT(ended.keep_checkpoints, ElementsAre(std::pair(std::string("a"), KeepCheckpoints::kNone),
                                                  std::pair(std::string("b"), KeepCheckpoints::kAll)))
      << "c may be tried again";
}

TEST(SchedulerLease, OtherSweepsThanTheOnlyOneAreLeftAloneExceptForWhatTheyShare) {
  SchedulerBench bench;
  bench.scheduler = Scheduler({.only_sweep = "new"});
  bench.Submit("old", {"a", "b"});
  bench.Submit("new", {"b", "c"});
  EXPECT_THAT(Names(bench.Call("w", 3).start), ElementsAre("b:1", "c:1"));
  EXPECT_EQ(bench.scheduler.books().FindSweep("old")->state, SweepState::kActive);
  EXPECT_EQ(bench.Reason("old"), "waiting: this coordinator trains sweep new alone");
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, ATrialOfAPausedSweepAndOfOneThatIsLeftAloneIsPaused) {
  SchedulerBench bench;
  bench.scheduler = Scheduler({.only_sweep = "new"});
  bench.Submit("old", {"b"});
  bench.Submit("new", {"b"});
  ASSERT_TRUE(bench.scheduler.Pause("new", bench.now).ok());
  EXPECT_THAT(bench.Call("w", 1).start, IsEmpty());
  EXPECT_EQ(WhyWaits(bench.scheduler.state(), *bench.scheduler.books().FindTrial("b"), bench.now),
            "waiting: the sweep is paused");
}

TEST(SchedulerLease, AProcessWithoutALeaseIsWhatOthersWaitForUntilItIsGone) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1"));
  bench.Wait(40 * SchedulerBench::kSecond);
  EXPECT_THAT(Names(bench.Call("v", 1).start), ElementsAre("a:2"));
  bench.Submit("other", {"b"});
  EXPECT_THAT(bench.Call("w", 1, {Running("a", 1)}).start, IsEmpty());
  EXPECT_EQ(bench.Reason("other"), "waiting: all 2 slots are busy");
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("b:1"));
}

TEST(SchedulerLease, WhatAFormerProcessStartedOfAnotherSweepIsNotToldAgain) {
  SchedulerBench bench;
  bench.scheduler = Scheduler({.only_sweep = "new"});
  bench.scheduler.Restore({{.name = "old",
                            .trials = {{.trial = {.trial_id = "a", .target_steps = 100},
                                        .state = TrialState::kRunning,
                                        .generation = 3,
                                        .attempts = 1,
                                        .worker = "w"}}}},
                          bench.now);
  EXPECT_THAT(bench.Call("w", 1).start, IsEmpty());
  EXPECT_EQ(bench.StateOf("a"), TrialState::kPending);
  EXPECT_EQ(bench.last.change.attempts.front().end->outcome, AttemptOutcome::kLost);
}

TEST(SchedulerLease, NeverMoreTrialsThanSlots) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b", "c"});
  bench.Call("w", 2);
  const SynchronizeAnswer answer = bench.Call("w", 2, {Running("a", 1), Running("b", 1)});
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_THAT(answer.keep, SizeIs(2));
  EXPECT_EQ(answer.reason, "all 2 slots are busy");
  SchedulerBench small;
  small.Submit("sweep", {"a", "b"});
  small.Call("w", 1);
  EXPECT_EQ(small.Call("w", 1, {Running("a", 1)}).reason, "the only slot is busy");
}

TEST(SchedulerLease, ALostAnswerIsRepeatedWithTheSameGeneration) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1"));
  EXPECT_TRUE(bench.last.change.empty());
  EXPECT_EQ(bench.scheduler.books().FindTrial("a")->attempts, 1);
}

TEST(SchedulerLease, ARestartedWorkerGetsItsTrialAnewAndItDoesNotCount) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Running("a", 1)});
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:2"));
  EXPECT_EQ(bench.last.change.attempts.front().end->outcome, AttemptOutcome::kLost);
  EXPECT_EQ(bench.FailuresOf("a"), 0);
}

TEST(SchedulerLease, ASilentWorkerIsOvertakenAndFencedOut) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("old", 1);
  bench.Call("old", 1, {Running("a", 1)});
  bench.Wait(bench.options.lease_ms + 1);
  EXPECT_EQ(bench.StateOf("a"), TrialState::kPending);
  EXPECT_TRUE(bench.last.transitions.front().lease_expired);
  EXPECT_THAT(Names(bench.Call("new", 1).start), ElementsAre("a:2"));
  EXPECT_FALSE(bench.scheduler.MayWrite({"a", 1}));
  EXPECT_TRUE(bench.scheduler.MayWrite({"a", 2}));

  const SynchronizeAnswer answer = bench.Call("old", 1, {Running("a", 1)});
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"a", 1}));
  EXPECT_EQ(bench.FailuresOf("a"), 0);
}

TEST(SchedulerLease, AWorkerThatReturnsBeforeItWasOvertakenGoesOn) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Running("a", 1)});
  bench.Wait(bench.options.lease_ms + 1);
  EXPECT_TRUE(bench.scheduler.MayWrite({"a", 1}));
  EXPECT_THAT(Names(bench.Call("w", 1, {Running("a", 1)}).keep), ElementsAre("a:1"));
  EXPECT_EQ(bench.StateOf("a"), TrialState::kRunning);
}

TEST(SchedulerLease, AnEndThatArrivesLateButNotOvertakenCounts) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Wait(bench.options.lease_ms + 1);
  bench.Call("w", 1, {Ended("a", 1, AttemptOutcome::kCompleted)});
  EXPECT_EQ(bench.StateOf("a"), TrialState::kCompleted);
}

TEST(SchedulerLease, AnEndSentTwiceIsToBeForgottenTwiceAndCountedOnce) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Failed("a", 1, FailureClass::kCrash)});
  const SynchronizeAnswer answer = bench.Call("w", 1, {Failed("a", 1, FailureClass::kCrash)});
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"a", 1}));
  EXPECT_EQ(bench.FailuresOf("a"), 1);
}

// The database was restored from a copy that is older than the trial.
TEST(SchedulerLease, AnAttemptOfATrialNobodyKnowsIsStoppedButNotForgotten) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  SynchronizeAnswer answer = bench.Call("w", 1, {Running("newer", 7)});
  EXPECT_THAT(answer.start, SizeIs(1))
      << "it may report as running for ever, and the worker knows when its slot is free";
  EXPECT_THAT(Names(answer.stop), ElementsAre("newer:7"));
  EXPECT_THAT(answer.forget, IsEmpty());

  const AttemptReport ended = Ended("newer", 7, AttemptOutcome::kCompleted);
  answer = bench.Call("w", 1, {ended});
  EXPECT_THAT(Names(answer.start), ElementsAre("a:1"));
  EXPECT_THAT(answer.forget, IsEmpty());

  bench.Submit("again", {"newer"});
  answer = bench.Call("w", 1, {ended, Running("a", 1)});
  EXPECT_EQ(bench.StateOf("newer"), TrialState::kCompleted);
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"newer", 7}));
}

TEST(SchedulerLease, AnAttemptThatARestoredDatabaseHasNotHeardOfGoesOn) {
  SchedulerBench bench;
  bench.scheduler.Restore({{.name = "sweep",
                            .trials = {{.trial = {.trial_id = "a", .target_steps = 100},
                                        .state = TrialState::kRunning,
                                        .generation = 3,
                                        .attempts = 1,
                                        .worker = "other",
                                        .stored_through = 40,
                                        .curve_generation = 3}}}},
                          bench.now);
  const SynchronizeAnswer answer = bench.Call("w", 1, {Begun("a", 9, 30, 3)});
  EXPECT_THAT(answer.keep, ElementsAre(Holding{{"a", 9}, 30})) << "what it trained since is sent again";
  EXPECT_TRUE(bench.scheduler.MayWrite({"a", 9}));
  EXPECT_FALSE(bench.scheduler.MayWrite({"a", 3}));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

// The checkpoint is of an attempt that the copy has not heard of either.
TEST(SchedulerLease, AnAttemptOfAnotherTrainingThanTheRestoredCurveIsTrainedAnew) {
  SchedulerBench bench;
  bench.scheduler.Restore({{.name = "sweep",
                            .trials = {{.trial = {.trial_id = "a", .target_steps = 100},
                                        .generation = 3,
                                        .attempts = 1,
                                        .stored_through = 40,
                                        .curve_generation = 3}}}},
                          bench.now);
  EXPECT_THAT(bench.Call("w", 1, {Begun("a", 9, 30, 8)}).forget, ElementsAre(AttemptName{"a", 9}));
  EXPECT_EQ(bench.StateOf("a"), TrialState::kPending);
  EXPECT_EQ(bench.scheduler.books().FindTrial("a")->stored_through, 40);
}

// The copy that was restored was made while the worker had an earlier attempt of the same trial.
TEST(SchedulerLease, AnAttemptThatARestoredDatabaseHasNotHeardOfTakesTheSlotOfItsPredecessor) {
  SchedulerBench bench;
  bench.scheduler.Restore({{.name = "sweep",
                            .trials = {{.trial = {.trial_id = "a", .target_steps = 100},
                                        .state = TrialState::kRunning,
                                        .generation = 3,
                                        .attempts = 1,
                                        .worker = "w",
                                        .attempt_open = true}}}},
                          bench.now);
  const SynchronizeAnswer answer = bench.Call("w", 1, {Begun("a", 9, 0)});
  EXPECT_THAT(answer.keep, ElementsAre(Holding{{"a", 9}, 0}));
  EXPECT_TRUE(bench.scheduler.MayWrite({"a", 9}));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

// In the restored database an earlier attempt has failed, and waits for its next try.
TEST(SchedulerLease, AnAttemptThatARestoredDatabaseHasNotHeardOfIsNotTriedBesideItself) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Failed("a", 1, FailureClass::kCrash)});
  EXPECT_THAT(Names(bench.Call("w", 1, {Begun("a", 9, 0)}).keep), ElementsAre("a:9"));
  bench.now += 3'600'000;
  EXPECT_THAT(Names(bench.Call("w", 2, {Begun("a", 9, 0)}).start), IsEmpty());
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, AnAttemptThatBeganBehindWhatIsStoredIsTrainedAnew) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  const SynchronizeAnswer answer = bench.Call("w", 1, {Begun("a", 1, 30)});
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"a", 1}));
  EXPECT_EQ(bench.StateOf("a"), TrialState::kPending);
  EXPECT_EQ(bench.FailuresOf("a"), 0);
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:2"));
}

TEST(SchedulerLease, AnAttemptGoesOnFromNoLaterStepThanIsStored) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  EXPECT_EQ(bench.Call("w", 1).start[0].stored_through, 0);
  bench.Call("w", 1, {Begun("a", 1, 0)});
  bench.scheduler.RecordStored("a", 50);
  bench.Call("w", 1);  // restarted without it
  AttemptStart start = bench.Call("w", 1).start[0];
  EXPECT_EQ(start.stored_through, 50);
  EXPECT_EQ(start.curve_generation, 1u);
  bench.Call("w", 1, {Begun("a", 2, 20, 1)});
  EXPECT_EQ(bench.scheduler.books().FindTrial("a")->step, 20) << "it is trained again from there";
  AttemptReport ended = Ended("a", 2, AttemptOutcome::kPreempted);
  ended.end->step = 35;
  bench.Call("w", 0, {ended});
  start = bench.Call("w", 1).start[0];
  EXPECT_EQ(start.stored_through, 35) << "all it had trained was sent before its end";
  EXPECT_EQ(start.curve_generation, 2u);
}

// A worker that lost its folder must not train under the name of what it had.
TEST(SchedulerLease, ARunningAttemptIsNotToldAgainByAnotherIncarnation) {
  SchedulerBench bench;
  bench.scheduler.Restore({{.name = "sweep",
                            .trials = {{.trial = {.trial_id = "a", .target_steps = 100},
                                        .state = TrialState::kRunning,
                                        .generation = 4,
                                        .worker = "w",
                                        .attempt_open = true}}}},
                          bench.now);
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:5"));
}

TEST(SchedulerLease, AnAttemptWhosePointsWereTakenIsNotToldAgain) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1"));
  ASSERT_TRUE(bench.scheduler.Begin({"a", 1}, 0));
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:2"));
}

TEST(SchedulerLease, AnAttemptThatARestoredDatabaseHasNotHeardOfIsKeptWhereItsTrialIsCancelledThere) {
  SchedulerBench bench;
  bench.scheduler.Restore({{.name = "sweep",
                            .state = SweepState::kCancelled,
                            .trials = {{.trial = {.trial_id = "a", .target_steps = 100},
                                        .state = TrialState::kCancelled,
                                        .generation = 4,
                                        .worker = "w",
                                        .stored_through = 60}}}},
                          bench.now);
  bench.Submit("other", {"b"});
  SynchronizeAnswer answer = bench.Call("w", 1, {Begun("a", 7, 20)});
  EXPECT_THAT(Names(answer.stop), ElementsAre("a:7"));
  EXPECT_EQ(answer.stop[0].stored_through, 20) << "what is stored behind that is of an earlier attempt";
  EXPECT_THAT(answer.forget, IsEmpty());
  EXPECT_THAT(Names(answer.start), ElementsAre("b:1")) << "it may report as running for ever";
  answer = bench.Call("w", 1, {Ended("a", 7, AttemptOutcome::kCancelled), Ended("b", 1, AttemptOutcome::kCompleted)});
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"b", 1}));
  ASSERT_TRUE(bench.scheduler.Resume("sweep", bench.now).ok());
  answer = bench.Call("w", 1, {Ended("a", 7, AttemptOutcome::kCancelled)});
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"a", 7}));
}

TEST(SchedulerLease, GenerationsBeginWhereTheCoordinatorWasStarted) {
  SchedulerBench bench;
  bench.scheduler = Scheduler({.first_generation = 1'800'000'000});
  bench.Submit("sweep", {"a"});
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1800000000"));
  bench.Call("w", 1, {Running("a", 1'800'000'000)});
  EXPECT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1800000001"));
}

// An answer has room for a thousand; slots are free all the same.
TEST(SchedulerLease, AWorkerThatHasYetToHearOfDeletionsIsToldWhyItStartsNothing) {
  SchedulerBench bench;
  std::vector<DeletedTrial> deleted;
  for (std::uint64_t i = 1; i <= 1001; ++i) deleted.push_back({i, {absl::StrCat("gone-", i), 1}});
  bench.scheduler.Restore({}, bench.now, deleted);
  bench.Submit("sweep", {"a"});
  const SynchronizeAnswer answer = bench.Call("w", 1);
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_THAT(answer.reason, testing::HasSubstr("deleted trials"));
}

TEST(SchedulerLease, AnAttemptThatIsToldToStopKeepsItsSlotAndItsRightToWriteUntilItHasEnded) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Submit("other", {"b"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Begun("a", 1, 0)});
  ASSERT_TRUE(bench.scheduler.Cancel("sweep", bench.now).ok());
  EXPECT_EQ(bench.StateOf("a"), TrialState::kCancelled);
  SynchronizeAnswer answer = bench.Call("w", 1, {Begun("a", 1, 0)});
  EXPECT_THAT(Names(answer.stop), ElementsAre("a:1"));
  EXPECT_THAT(answer.forget, IsEmpty());
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_TRUE(bench.scheduler.MayWrite({"a", 1}));

  ASSERT_TRUE(bench.scheduler.Resume("sweep", bench.now).ok());
  EXPECT_EQ(bench.Reason("sweep"), "waiting: its attempt on w was told to stop, and writes its checkpoint");
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
  AttemptReport ended = Ended("a", 1, AttemptOutcome::kCancelled);
  ended.end->step = 12;
  answer = bench.Call("w", 2, {ended});
  EXPECT_THAT(answer.forget, ElementsAre(AttemptName{"a", 1}));
  EXPECT_THAT(Names(answer.start), ElementsAre("b:1", "a:2"));
  EXPECT_EQ(answer.start[1].stored_through, 12) << "its checkpoint is of use";
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, AResultCountsThoughItsTrialWasCancelledMeanwhile) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("w", 1);
  bench.Call("w", 1, {Running("a", 1)});
  ASSERT_TRUE(bench.scheduler.Cancel("sweep", bench.now).ok());
  bench.Call("w", 1, {Ended("a", 1, AttemptOutcome::kCompleted)});
  EXPECT_EQ(bench.StateOf("a"), TrialState::kCompleted);
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, AfterARestartAnAttemptThatWasToldToStopIsToldAgain) {
  SchedulerBench bench;
  StoredTrial stored{.trial = {"a", 100, false},
                     .state = TrialState::kCancelled,
                     .generation = 4,
                     .attempts = 1,
                     .worker = "w",
                     .attempt_open = true};
  bench.scheduler.Restore({{.name = "sweep", .state = SweepState::kCancelled, .trials = {stored}}}, bench.now);
  EXPECT_THAT(Names(bench.Call("w", 1, {Running("a", 4)}).stop), ElementsAre("a:4"));
  bench.Wait(bench.options.lease_ms + 1);
  EXPECT_EQ(bench.last.change.attempts.front().end->outcome, AttemptOutcome::kLost);
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerLease, ALiveWorkersIdIsNotTakenByACopyOfItsFolder) {
  SchedulerBench bench;
  bench.Call("w", 1);
  WorkerReport copy{.worker_id = "w", .host = "elsewhere", .folder = "elsewhere 1:2"};
  EXPECT_EQ(bench.scheduler.fleet().Admit(copy, bench.now).code(), absl::StatusCode::kAlreadyExists);
  bench.Wait(bench.options.lease_ms + 1);
  EXPECT_TRUE(bench.scheduler.fleet().Admit(copy, bench.now).ok()) << "the folder has moved";
}

TEST(SchedulerLease, AReportOfFarMoreAttemptsThanItsSlotsIsNotRead) {
  SchedulerBench bench;
  WorkerReport report{.worker_id = "w", .slots = 1000};
  report.attempts.resize(14'000, Running("a", 1));
  EXPECT_TRUE(bench.scheduler.fleet().Admit(report, bench.now).ok());
  report.attempts.resize(14'001, Running("a", 1));
  EXPECT_EQ(bench.scheduler.fleet().Admit(report, bench.now).code(), absl::StatusCode::kInvalidArgument);
}

TEST(SchedulerLease, AfterARestartRunningTrialsGoOnUndisturbed) {
  SchedulerBench bench;
  StoredSweep sweep{.name = "sweep", .state = SweepState::kActive, .submitted_at = 1, .trials = {}};
  sweep.trials.push_back({.trial = {"a", 100, false},
                          .state = TrialState::kRunning,
                          .generation = 4,
                          .attempts = 2,
                          .failures = 1,
                          .step = 50,
                          .worker = "w"});
  EXPECT_TRUE(bench.scheduler.Restore({sweep}, bench.now).change.empty());
  EXPECT_TRUE(bench.scheduler.MayWrite({"a", 4}));
  bench.Wait(bench.options.lease_ms);  // the lease is fresh
  EXPECT_THAT(Names(bench.Call("w", 1, {Running("a", 4)}).keep), ElementsAre("a:4"));
  EXPECT_TRUE(bench.last.change.empty());
  // A worker that never heard of its assignment, because the coordinator died before it answered, hears of it now.
  EXPECT_EQ(bench.scheduler.books().FindTrial("a")->attempts, 2);
}

TEST(SchedulerLease, WorkersOfAWholeFleetAreAskedToCallLessOften) {
  SchedulerBench bench;
  double next_call = bench.Call("w0", 1).next_call_seconds;
  EXPECT_EQ(next_call, 1);
  for (int i = 1; i < 1000; ++i) {
    bench.now -= SchedulerBench::kSecond;
    next_call = bench.Call("w" + std::to_string(i), 1).next_call_seconds;
  }
  EXPECT_EQ(next_call, 5);
}

TEST(SchedulerLease, OnlyWorkersWithCudaGetTrialsThatNeedIt) {
  SchedulerBench bench;
  bench.Submit("sweep", {"gpu"}, /*needs_cuda=*/true);
  bench.Submit("other", {"any"});
  EXPECT_THAT(Names(bench.Call("cpu-host", 2).start), ElementsAre("any:1"));
  EXPECT_EQ(bench.Reason("sweep"), "waiting: needs a CUDA device, and no connected worker has one");
  EXPECT_THAT(Names(bench.Call("gpu-host", 2, {}, "cuda").start), ElementsAre("gpu:1"));
}

TEST(SchedulerLease, EachWaitHasItsReason) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a", "b"});
  EXPECT_EQ(bench.Reason("sweep"), "waiting: no worker is connected");
  bench.Call("w", 0);
  EXPECT_THAT(bench.Reason("sweep"), testing::HasSubstr("no connected worker offers a slot"));
  bench.Call("w", 1);
  EXPECT_EQ(bench.Reason("sweep"), "waiting: the only slot is busy");
  bench.Call("v", 0);
  ASSERT_TRUE(bench.scheduler.Pause("sweep", bench.now).ok());
  EXPECT_EQ(bench.Reason("sweep"), "waiting: the sweep is paused");
  EXPECT_THAT(bench.Call("v", 1).reason, HasSubstr("1 sweep"));
}

}  // namespace
}  // namespace ofsweep
