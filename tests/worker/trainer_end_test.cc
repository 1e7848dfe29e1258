#include "worker/trainer_end.h"

#include <signal.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using testing::HasSubstr;

TEST(ClassifyTest, FinishedCountsEvenWhenTheTrainerWasBeingStopped) {
  const TrainerEnd end = Classify({.finished = FinishedEvent{TrialState::kDiverged, 70},
                                   .stop = StopReason::kCancelled,
                                   .exit = {.signal = SIGKILL},
                                   .step = 60,
                                   .wall_seconds = 2.5});
  EXPECT_EQ(end.outcome, "diverged");
  EXPECT_EQ(end.failure, FailureClass::kNone);
  EXPECT_EQ(end.step, 70);
  EXPECT_EQ(end.wall_seconds, 2.5);
}

TEST(ClassifyTest, AStoppedTrainerEndsForTheReasonItWasStopped) {
  EXPECT_EQ(Classify({.stop = StopReason::kCancelled}).outcome, "cancelled");
  EXPECT_EQ(Classify({.stop = StopReason::kShutdown}).outcome, "preempted");
  const TrainerEnd silent = Classify({.stop = StopReason::kSilent, .stop_message = "silent for 30 s"});
  EXPECT_EQ(silent.outcome, "failed");
  EXPECT_EQ(silent.failure, FailureClass::kTimeout);
  EXPECT_THAT(silent.message, HasSubstr("silent for 30 s"));
  EXPECT_EQ(Classify({.stop = StopReason::kDisk}).failure, FailureClass::kCrash);
}

TEST(ClassifyTest, TheTrainersOwnWordCountsBeforeItsExitCode) {
  const TrainerEnd end =
      Classify({.failed = FailedEvent{FailureClass::kBadData, "no file x.txt"}, .exit = {.code = 1}});
  EXPECT_EQ(end.outcome, "failed");
  EXPECT_EQ(end.failure, FailureClass::kBadData);
  EXPECT_EQ(end.message, "no file x.txt");
}

TEST(ClassifyTest, ATrainerCannotSayThatItWasLost) {
  EXPECT_EQ(Classify({.failed = FailedEvent{FailureClass::kLost, ""}}).failure, FailureClass::kCrash);
}

TEST(ClassifyTest, ACrashTellsTheSignalAndTheEndOfTheLog) {
  const TrainerEnd end = Classify({.exit = {.signal = SIGSEGV}, .log_path = "attempt-1.log", .log_tail = "last words"});
  EXPECT_EQ(end.failure, FailureClass::kCrash);
  EXPECT_THAT(end.message, HasSubstr("SIGSEGV"));
  EXPECT_THAT(end.message, HasSubstr("attempt-1.log"));
  EXPECT_THAT(end.message, HasSubstr("last words"));
}

TEST(ClassifyTest, AnExitWithoutAWordIsACrashWhateverItsCode) {
  EXPECT_EQ(Classify({.exit = {.code = 0}}).failure, FailureClass::kCrash);
  EXPECT_THAT(Classify({.exit = {.code = 3}}).message, HasSubstr("code 3"));
}

TEST(ClassifyTest, AKillForMemoryIsOutOfMemory) {
  EXPECT_EQ(Classify({.exit = {.signal = SIGKILL, .out_of_memory = true}}).failure, FailureClass::kOom);
  EXPECT_EQ(Classify({.exit = {.signal = SIGKILL}}).failure, FailureClass::kCrash);
}

TEST(ClassifyTest, AFullDiskIsNamedWithTheFix) {
  const TrainerEnd end = Classify({.exit = {.code = 1}, .disk_full = true, .data_dir = "/scratch/sweeps"});
  EXPECT_THAT(end.message, HasSubstr("/scratch/sweeps"));
  EXPECT_THAT(end.message, HasSubstr("--data-dir"));
}

TEST(ClassifyTest, ATrainerThatDiedWithItsAgentIsRetriedWithoutBlame) {
  EXPECT_EQ(Classify({.exit = {.vanished = true}}).outcome, "preempted");
}

TEST(ClassifyTest, MessagesAreValidUtf8WhateverTheLogHolds) {
  const TrainerEnd end = Classify({.exit = {.code = 1}, .log_path = "x", .log_tail = "caf\xc3 \xff end"});
  EXPECT_THAT(end.message, HasSubstr("caf\xEF\xBF\xBD"));
  EXPECT_THAT(end.message, HasSubstr(" end"));
}

TEST(LogTailTest, GivesTheLastLines) {
  const std::string path = testing::TempDir() + "/log-tail-test.log";
  std::ofstream(path) << "one\ntwo\nthree\n\n";
  EXPECT_EQ(ReadLogTail(path, 2), "two\nthree");
  EXPECT_EQ(ReadLogTail(path, 9), "one\ntwo\nthree");
  EXPECT_EQ(ReadLogTail(path + ".missing"), "");
}

TEST(LogTailTest, IsBoundedForALogOfOneLongLine) {
  const std::string path = testing::TempDir() + "/log-tail-long.log";
  std::ofstream(path) << std::string(100'000, 'x');
  EXPECT_EQ(ReadLogTail(path).size(), 2048u);
}

}  // namespace
}  // namespace ofsweep
