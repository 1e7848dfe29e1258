// What starts on workers whose time is short, and copies of their folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SynchronizeAnswer CallWithTimeLeft(SchedulerBench& bench, std::optional<double> seconds_left,
                                   std::vector<AttemptReport> attempts = {}, const std::string& worker = "w") {
  bench.now += SchedulerBench::kSecond;
  const WorkerReport report{.worker_id = worker,
                            .host = worker,
                            .slots = 1,
                            .devices = {{"cpu", "", 0}},
                            .attempts = std::move(attempts),
                            .seconds_left = seconds_left};
  return bench.scheduler.Synchronize(report, bench.now).answer;
}

// Its attempt takes `start_seconds` to begin and is given back after `steps` that take a second each.
void Train(SchedulerBench& bench, int start_seconds, std::int64_t steps, const std::string& config_json = "{}") {
  ASSERT_THAT(Names(CallWithTimeLeft(bench, std::nullopt).start), ElementsAre("a:1"));
  bench.now += (start_seconds - 1) * SchedulerBench::kSecond;
  AttemptReport report = Begun("a", 1, 0);
  report.begun->config_json = config_json;
  CallWithTimeLeft(bench, std::nullopt, {report});
  bench.now += (steps - 1) * SchedulerBench::kSecond;
  report.step = steps;
  CallWithTimeLeft(bench, std::nullopt, {report});
  report.end = AttemptEnd{.outcome = AttemptOutcome::kPreempted, .step = steps};
  CallWithTimeLeft(bench, 0.0, {report});
  ASSERT_EQ(bench.StateOf("a"), TrialState::kPending);
  ASSERT_EQ(bench.FailuresOf("a"), 0);
}

TEST(SchedulerDeadline, NothingStartsInTheLastSecondsOfAWorkerAndTheReasonIsShown) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  const SynchronizeAnswer answer = CallWithTimeLeft(bench, 9.0);
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_THAT(answer.reason, AllOf(HasSubstr("w stops at"), HasSubstr("time is up")));
  EXPECT_THAT(bench.Reason("sweep"), AllOf(HasSubstr("a worker with more time"), HasSubstr("needs 10 s")));
  ASSERT_TRUE(bench.scheduler.fleet().Views(bench.now).front().stops_at.has_value());
  EXPECT_EQ(*bench.scheduler.fleet().Views(bench.now).front().stops_at, bench.now + 9000);
  EXPECT_THAT(Names(CallWithTimeLeft(bench, 10.0).start), ElementsAre("a:1")) << "of which nothing is known";
}

TEST(SchedulerDeadline, AWorkerThatStaysHasTimeForAll) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  CallWithTimeLeft(bench, 1.0);
  EXPECT_THAT(Names(CallWithTimeLeft(bench, std::nullopt).start), ElementsAre("a:1"));
  EXPECT_EQ(bench.scheduler.fleet().Views(bench.now).front().stops_at, std::nullopt);
}

TEST(SchedulerDeadline, ATrialThatTookLongToBeginWaitsForAWorkerWithThatMuchTime) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  Train(bench, /*start_seconds=*/60, /*steps=*/20);
  const SynchronizeAnswer answer = CallWithTimeLeft(bench, 50.0);
  EXPECT_THAT(answer.start, IsEmpty());
  EXPECT_THAT(answer.reason, HasSubstr("need more time"));
  EXPECT_THAT(bench.Reason("sweep"), AllOf(HasSubstr("w stops at"), HasSubstr("needs 61 s")));
  bench.Submit("new", {"b"});
  EXPECT_THAT(Names(CallWithTimeLeft(bench, 50.0).start), ElementsAre("b:1")) << "another one has time enough";
  EXPECT_THAT(Names(CallWithTimeLeft(bench, 62.0, {}, "v").start), ElementsAre("a:2"));
}

// With train.checkpoint_every: 0 nothing outlasts an attempt but its end.
TEST(SchedulerDeadline, ATrialWithoutCheckpointsWaitsForAWorkerOnWhichItCanEnd) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  Train(bench, 5, 20, R"({"train.checkpoint_every": 0})");
  EXPECT_THAT(CallWithTimeLeft(bench, 100.0).start, IsEmpty());
  EXPECT_THAT(Names(CallWithTimeLeft(bench, 106.0).start), ElementsAre("a:2")) << "100 steps of a second";
}

TEST(SchedulerDeadline, AnAttemptThatWasFoundRunningSaysNothingOfHowLongItsBeginningTook) {
  TrialPace pace;
  pace.Reported(Begun("a", 7, 0), 1'000'000);
  EXPECT_EQ(pace.NeededMs(100), kShortestAttemptMs);
}

WorkerReport Serving(const std::string& folder, int slots) {
  return {.worker_id = "w", .host = "gpu-1", .slots = slots, .devices = {{"cpu", "", 0}}, .folder = folder};
}

TEST(CopiedFolder, BothAreNamedWithWhatToDo) {
  SchedulerBench bench;
  bench.scheduler.Synchronize(Serving("gpu-1:/scratch/a (1:2)", 1), bench.now);
  const absl::Status status =
      bench.scheduler.fleet().Admit(Serving("gpu-1:/scratch/b (1:3)", 1), bench.now + SchedulerBench::kSecond);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("gpu-1:/scratch/a (1:2)"), HasSubstr("heard of 1 s ago"),
                                                   HasSubstr("gpu-1:/scratch/b (1:3)"), HasSubstr("empty --data-dir")));
}

// A container that is started again elsewhere with its volume, or a folder that was copied when its worker had ended.
TEST(CopiedFolder, AFolderWhoseWorkerWasStoppedMayGoOnElsewhereAtOnce) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.scheduler.Synchronize(Serving("gpu-1:/data (1:2)", 1), bench.now);
  const WorkerReport moved = Serving("gpu-2:/data (1:2)", 1);
  WorkerReport stopping = Serving("gpu-1:/data (1:2)", 0);
  stopping.attempts = {Running("a", 1)};
  bench.scheduler.Synchronize(stopping, bench.now);
  EXPECT_EQ(bench.scheduler.fleet().Admit(moved, bench.now).code(), absl::StatusCode::kAlreadyExists)
      << "it still holds an attempt";
  stopping.attempts = {Ended("a", 1, AttemptOutcome::kPreempted)};
  bench.scheduler.Synchronize(stopping, bench.now);
  EXPECT_TRUE(bench.scheduler.fleet().Admit(moved, bench.now).ok());
  bench.scheduler.Synchronize(moved, bench.now);
  EXPECT_EQ(bench.scheduler.fleet().Admit(Serving("gpu-1:/data (1:2)", 1), bench.now).code(),
            absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace ofsweep
