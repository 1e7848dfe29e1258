#include "worker/verdict.h"

#include <signal.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using testing::HasSubstr;

TEST(VerdictTest, FinishedCountsEvenWhenTheTrainerWasBeingStopped) {
  const AttemptEnd end = Judge({.said = AttemptEnd{.outcome = AttemptOutcome::kDiverged, .step = 70},
                                .stop = StopReason::kCancelled,
                                .exit = {.signal = SIGKILL},
                                .step = 60,
                                .wall_seconds = 2.5});
  EXPECT_EQ(end.outcome, AttemptOutcome::kDiverged);
  EXPECT_EQ(end.failure, FailureClass::kNone);
  EXPECT_EQ(end.step, 70);
  EXPECT_EQ(end.wall_seconds, 2.5);
}

TEST(VerdictTest, AStoppedTrainerEndsForTheReasonItWasStopped) {
  EXPECT_EQ(Judge({.stop = StopReason::kCancelled}).outcome, AttemptOutcome::kCancelled);
  EXPECT_EQ(Judge({.stop = StopReason::kShutdown}).outcome, AttemptOutcome::kPreempted);
  const AttemptEnd silent = Judge({.stop = StopReason::kSilent, .stop_message = "silent for 30 s"});
  EXPECT_EQ(silent.outcome, AttemptOutcome::kFailed);
  EXPECT_EQ(silent.failure, FailureClass::kTimeout);
  EXPECT_THAT(silent.message, HasSubstr("silent for 30 s"));
  EXPECT_EQ(Judge({.stop = StopReason::kUnreadable}).failure, FailureClass::kCrash);
}

TEST(VerdictTest, TheTrainersOwnWordCountsBeforeItsExitCode) {
  const AttemptEnd end = Judge({.said = Failed(FailureClass::kBadData, "no file x.txt"), .exit = {.code = 1}});
  EXPECT_EQ(end.outcome, AttemptOutcome::kFailed);
  EXPECT_EQ(end.failure, FailureClass::kBadData);
  EXPECT_EQ(end.message, "no file x.txt");
}

TEST(VerdictTest, ATrainerCannotSayThatItWasLost) {
  EXPECT_EQ(Judge({.said = Failed(FailureClass::kLost, "")}).failure, FailureClass::kCrash);
}

TEST(VerdictTest, ACrashTellsTheSignalAndTheEndOfTheLog) {
  const AttemptEnd end = Judge({.exit = {.signal = SIGSEGV}, .log_path = "attempt-1.log", .log_tail = "last words"});
  EXPECT_EQ(end.failure, FailureClass::kCrash);
  EXPECT_THAT(end.message, HasSubstr("SIGSEGV"));
  EXPECT_THAT(end.message, HasSubstr("attempt-1.log"));
  EXPECT_THAT(end.message, HasSubstr("last words"));
}

TEST(VerdictTest, AnExitWithoutAWordIsACrashWhateverItsCode) {
  EXPECT_EQ(Judge({.exit = {.code = 0}}).failure, FailureClass::kCrash);
  EXPECT_THAT(Judge({.exit = {.code = 3}}).message, HasSubstr("code 3"));
}

TEST(VerdictTest, AKillForMemoryIsOutOfMemory) {
  EXPECT_EQ(Judge({.exit = {.signal = SIGKILL, .out_of_memory = true}}).failure, FailureClass::kOom);
  EXPECT_EQ(Judge({.exit = {.signal = SIGKILL}}).failure, FailureClass::kCrash);
}

TEST(VerdictTest, AFullDiskIsNoFaultOfTheTrial) {
  EXPECT_EQ(Judge({.stop = StopReason::kDisk}).outcome, AttemptOutcome::kPreempted);
  EXPECT_EQ(Judge({.stop = StopReason::kLostEvent, .disk_full = true}).outcome, AttemptOutcome::kPreempted);
  EXPECT_EQ(Judge({.said = Failed(FailureClass::kCrash, "cannot write"), .disk_full = true}).outcome,
            AttemptOutcome::kPreempted);
  EXPECT_EQ(Judge({.said = Failed(FailureClass::kBadData, "no file"), .disk_full = true}).failure,
            FailureClass::kBadData);
  EXPECT_EQ(Judge({.stop = StopReason::kRefused, .disk_full = true}).failure, FailureClass::kCrash);
}

TEST(VerdictTest, AFullDiskIsNamedWithTheFix) {
  const AttemptEnd end = Judge({.exit = {.code = 1}, .disk_full = true, .full_folder = "/scratch/sweeps"});
  EXPECT_EQ(end.outcome, AttemptOutcome::kPreempted);
  EXPECT_THAT(end.message, HasSubstr("/scratch/sweeps"));
  EXPECT_THAT(end.message, HasSubstr("--data-dir"));
}

TEST(VerdictTest, ATrainerThatDiedWithItsAgentIsRetriedWithoutBlame) {
  EXPECT_EQ(Judge({.exit = {.vanished = true}}).outcome, AttemptOutcome::kPreempted);
}

TEST(VerdictTest, MessagesAreValidUtf8WhateverTheLogHolds) {
  const AttemptEnd end = Judge({.exit = {.code = 1}, .log_path = "x", .log_tail = "caf\xc3 \xff end"});
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
