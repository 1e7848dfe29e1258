// Which workers are remembered, and for how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr TimeMs kDay = 24 * 60 * 60'000;

std::vector<std::string> WorkersOf(const SchedulerBench& bench) {
  std::vector<std::string> ids;
  for (const WorkerView& worker : bench.scheduler.fleet().Views(bench.now)) ids.push_back(worker.worker_id);
  return ids;
}

SchedulerBench BenchOf(std::size_t workers) {
  SchedulerBench bench;
  bench.options.fleet.workers = workers;
  bench.scheduler = Scheduler(bench.options);
  return bench;
}

TEST(SchedulerFleet, AWorkerThatHoldsNothingIsForgottenAfterADayOfSilence) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  bench.Call("idle", 0);
  bench.Call("busy", 1);
  bench.Wait(kDay - 10'000);
  EXPECT_THAT(WorkersOf(bench), UnorderedElementsAre("idle", "busy"));
  bench.Wait(11'000);
  EXPECT_THAT(WorkersOf(bench), SizeIs(0));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerFleet, OneThatComesBackAfterThatGoesOnWithItsAttempt) {
  SchedulerBench bench;
  bench.Submit("sweep", {"a"});
  ASSERT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1"));
  bench.Wait(kDay + 10'000);
  EXPECT_THAT(WorkersOf(bench), SizeIs(0));
  EXPECT_THAT(Names(bench.Call("w", 1, {Running("a", 1)}).keep), ElementsAre("a:1"));
  EXPECT_THAT(WorkersOf(bench), ElementsAre("w"));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerFleet, InventedWorkersDoNotTakeThePlaceOfThoseThatHoldTrials) {
  SchedulerBench bench = BenchOf(10);
  bench.Submit("sweep", {"a"});
  ASSERT_THAT(Names(bench.Call("w", 1).start), ElementsAre("a:1"));
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    WorkerReport invented;
    invented.worker_id = absl::StrCat("invented", i);
    if (bench.scheduler.fleet().Admit(invented, bench.now).ok()) {
      bench.Call(invented.worker_id, 0);
      ++taken;
    }
    bench.Call("w", 1, {Running("a", 1)});
    bench.Wait(0);
    ASSERT_LE(bench.scheduler.fleet().remembered(), 10u);
  }
  EXPECT_GE(taken, 100) << "those that fell silent made room";
  EXPECT_EQ(bench.StateOf("a"), TrialState::kRunning);
  EXPECT_LE(bench.scheduler.fleet().workers().size(), 10u) << "places are used again";
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerFleet, WhereAllAreConnectedANewOneIsRefused) {
  SchedulerBench bench = BenchOf(2);
  bench.Call("v", 1);
  bench.Call("w", 1);
  WorkerReport report;
  report.worker_id = "x";
  const absl::Status refused = bench.scheduler.fleet().Admit(report, bench.now);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("2 workers are connected"));
  report.worker_id = "w";
  EXPECT_TRUE(bench.scheduler.fleet().Admit(report, bench.now).ok());
  bench.Wait(bench.options.lease_ms + 2'000);
  report.worker_id = "x";
  EXPECT_TRUE(bench.scheduler.fleet().Admit(report, bench.now).ok());
}

}  // namespace
}  // namespace ofsweep
