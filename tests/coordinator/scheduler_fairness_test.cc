// Whose trial gets the next slot: by priority, then between owners, then between the sweeps of one.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

void SubmitOf(SchedulerBench& bench, const std::string& owner, const std::string& sweep,
              const std::vector<std::string>& trials, SweepAttributes attributes = {}) {
  bench.Submit(sweep, trials, /*needs_cuda=*/false, std::move(attributes), owner);
}

// What the worker's one slot is given, call by call, while each trial is completed at once.
std::vector<std::string> OneByOne(SchedulerBench& bench, int calls) {
  std::vector<std::string> started;
  std::vector<AttemptReport> ended;
  for (int i = 0; i < calls; ++i) {
    for (const AttemptStart& start : bench.Call("w", 1, std::move(ended)).start) {
      started.push_back(start.name.trial_id);
      ended = {Ended(start.name.trial_id, start.name.generation, AttemptOutcome::kCompleted)};
    }
  }
  return started;
}

TEST(SchedulerFairness, AnOwnerWithManySweepsGetsNoMoreThanOneWithASingleOne) {
  SchedulerBench bench;
  SubmitOf(bench, "alice", "a1", {"a1-0", "a1-1"});
  SubmitOf(bench, "alice", "a2", {"a2-0", "a2-1"});
  SubmitOf(bench, "bob", "b", {"b-0", "b-1"});
  EXPECT_THAT(Names(bench.Call("w", 4).start), ElementsAre("a1-0:1", "b-0:1", "a2-0:1", "b-1:1"));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerFairness, ASingleSlotGoesFromOwnerToOwnerAndFromSweepToSweep) {
  SchedulerBench bench;
  SubmitOf(bench, "alice", "a1", {"a1-0", "a1-1"});
  SubmitOf(bench, "alice", "a2", {"a2-0", "a2-1"});
  SubmitOf(bench, "bob", "b", {"b-0", "b-1"});
  SubmitOf(bench, "carol", "c", {"c-0"});
  EXPECT_THAT(OneByOne(bench, 7), ElementsAre("a1-0", "b-0", "c-0", "a2-0", "b-1", "a1-1", "a2-1"));
}

TEST(SchedulerFairness, APriorityComesBeforeFairness) {
  SchedulerBench bench;
  SubmitOf(bench, "alice", "urgent", {"u-0", "u-1"}, {.priority = 1});
  SubmitOf(bench, "bob", "b", {"b-0"});
  SubmitOf(bench, "alice", "rest", {"r-0"});
  EXPECT_THAT(OneByOne(bench, 4), ElementsAre("u-0", "u-1", "b-0", "r-0"));
}

TEST(SchedulerFairness, ASharedTrialCountsForTheSweepInWhoseTurnItStarted) {
  SchedulerBench bench;
  SubmitOf(bench, "alice", "a", {"shared", "a-1"});
  SubmitOf(bench, "bob", "b", {"shared", "b-1"});
  EXPECT_THAT(Names(bench.Call("w", 2).start), ElementsAre("shared:1", "b-1:1"));
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerFairness, SlotsOfStoppingAttemptsCountUntilTheyAreFree) {
  SchedulerBench bench;
  SubmitOf(bench, "alice", "a", {"a-0", "a-1"});
  bench.Call("w", 2);
  ASSERT_TRUE(bench.scheduler.Cancel("a", bench.now).ok());
  SubmitOf(bench, "alice", "again", {"a-2"});
  SubmitOf(bench, "bob", "b", {"b-0"});
  EXPECT_THAT(Names(bench.Call("v", 1).start), ElementsAre("b-0:1")) << "alice has two slots still";
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
}

TEST(SchedulerFairness, AfterARestartRunningTrialsCountForTheSweepThatStillWantsThem) {
  StoredTrial running{.trial = {.trial_id = "shared", .target_steps = 100, .data_fingerprint = ""},
                      .state = TrialState::kRunning,
                      .generation = 1,
                      .attempts = 1,
                      .worker = "w",
                      .attempt_open = true};
  const auto pending = [](const std::string& id) {
    return StoredTrial{.trial = {.trial_id = id, .target_steps = 100, .data_fingerprint = ""}, .worker = ""};
  };
  SchedulerBench bench;
  bench.scheduler.Restore({{.name = "a", .owner = "alice", .state = SweepState::kCancelled, .trials = {running}},
                           {.name = "b", .owner = "bob", .trials = {running, pending("b-1")}},
                           {.name = "a2", .owner = "alice", .trials = {pending("a-1")}}},
                          bench.now);
  EXPECT_EQ(bench.scheduler.Inconsistency(), "");
  EXPECT_THAT(Names(bench.Call("v", 1).start), ElementsAre("a-1:1"));
}

TEST(SchedulerFairness, AWaitingSweepSaysWhoGoesFirstAndWhy) {
  SchedulerBench bench;
  SubmitOf(bench, "alice", "a", {"a-0", "a-1", "a-2", "a-3"});
  bench.Call("w", 3);
  EXPECT_EQ(bench.Reason("a"), "waiting: all 3 slots are busy");
  SubmitOf(bench, "alice", "a2", {"a2-0", "a2-1"});
  EXPECT_EQ(bench.Reason("a"), "waiting: all 3 slots are busy; next is sweep a2 (it has 0 slots, this one 3)");
  SubmitOf(bench, "bob", "b", {"b-0", "b-1"});
  EXPECT_EQ(bench.Reason("a"), "waiting: all 3 slots are busy; next is sweep b of bob (bob has 0 slots, alice 3)");
  EXPECT_EQ(bench.Reason("b"), "waiting: all 3 slots are busy");
  SubmitOf(bench, "", "urgent", {"u-0"}, {.priority = 2});
  EXPECT_THAT(bench.Reason("b"), HasSubstr("; next is sweep urgent, of priority 2 (this one has 0)"));
}

// Owners come and go, trials last as long as they like: whoever waits is passed over by nobody who has more, and by
// nobody twice who has as much.
TEST(SchedulerFairness, NoOwnerStarves) {
  constexpr int kSlots = 3;
  constexpr int kOwners = 5;
  std::uint64_t starts = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return static_cast<int>(random() % bound); };
    SchedulerBench bench;
    std::map<std::string, std::string> owner_of;  // by trial
    std::map<std::string, int> passed_over;       // starts of others since an owner waits, by owner
    std::vector<AttemptReport> held;
    const auto waits = [&](const std::string& owner) {
      for (const auto& [trial, whose] : owner_of) {
        if (whose == owner && bench.StateOf(trial) == TrialState::kPending) return true;
      }
      return false;
    };
    for (int round = 0; round < 200; ++round) {
      if (below(6) == 0) {
        const std::string owner = absl::StrCat("owner", below(kOwners));
        std::vector<std::string> trials;
        for (int i = below(12); i >= 0; --i) trials.push_back(absl::StrCat(seed, "-", round, "-", i));
        for (const std::string& trial : trials) owner_of[trial] = owner;
        SubmitOf(bench, owner, absl::StrCat("sweep", round), trials);
      }
      std::vector<AttemptReport> report;
      for (const AttemptReport& attempt : held) {
        const bool ends = below(3) == 0;
        report.push_back(ends ? Ended(attempt.name.trial_id, attempt.name.generation, AttemptOutcome::kCompleted)
                              : attempt);
      }
      const SynchronizeAnswer answer = bench.Call("w", kSlots, report);
      held.clear();
      for (const Holding& keep : answer.keep) held.push_back(Running(keep.name.trial_id, keep.name.generation));
      for (const AttemptStart& start : answer.start) {
        ++starts;
        held.push_back(Running(start.name.trial_id, start.name.generation));
        passed_over[owner_of[start.name.trial_id]] = 0;
        for (int i = 0; i < kOwners; ++i) {
          const std::string owner = absl::StrCat("owner", i);
          if (owner == owner_of[start.name.trial_id]) continue;
          if (!waits(owner)) {
            passed_over[owner] = 0;
          } else {
            ASSERT_LE(++passed_over[owner], kSlots * kOwners) << owner << " starves; seed " << seed;
          }
        }
      }
      ASSERT_EQ(bench.scheduler.Inconsistency(), "") << "seed " << seed;
    }
  }
  EXPECT_GE(starts, 2'000u);
}

}  // namespace
}  // namespace ofsweep
