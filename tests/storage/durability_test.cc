// What was acknowledged survives: a killed process, a full disk, restarts at any moment; and readers see a whole state
// meanwhile.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

constexpr int kSeries = 20;

StepPoints Report(std::int64_t step) {
  StepPoints report = MakeStep(step, {});
  for (int layer = 0; layer < kSeries; ++layer) {
    report.points.push_back({{"kurtosis", layer, "block"}, static_cast<double>(step * kSeries + layer)});
  }
  return report;
}

std::vector<TrialRow> Trials(int count) {
  std::vector<TrialRow> trials;
  for (int i = 0; i < count; ++i) trials.push_back(MakeTrial(absl::StrCat("t", i)));
  return trials;
}

// Steps of each trial of sweep "s"; fails the test when a step lacks a series, has a wrong value or stands twice.
std::map<std::string, std::vector<std::int64_t>> WholeSteps(Store& store) {
  std::map<std::string, std::vector<std::int64_t>> steps;
  int curves = 0;
  const absl::Status visited = store.VisitCurves({.sweep = "s", .metrics = {"kurtosis"}}, [&](const Curve& curve) {
    ++curves;
    const auto known = steps.emplace(curve.trial_id, curve.steps).first;
    EXPECT_TRUE(std::is_sorted(curve.steps.begin(), curve.steps.end(), std::less_equal<>{}));
    EXPECT_EQ(known->second, curve.steps);
    for (std::size_t i = 0; i < curve.steps.size(); ++i) {
      EXPECT_EQ(curve.values[i], static_cast<double>(curve.steps[i] * kSeries + *curve.series.layer));
    }
    return true;
  });
  EXPECT_TRUE(visited.ok()) << visited;
  EXPECT_EQ(curves, static_cast<int>(steps.size()) * kSeries);
  return steps;
}

struct Acknowledged {
  std::int32_t trial;
  std::int32_t step;
};

// The child: appends reports, several in flight, seals now and then, and writes each acknowledged one to the pipe.
[[noreturn]] void AppendForEver(const std::string& path, int pipe, int trials, std::int32_t first) {
  const std::unique_ptr<Store> store = OpenStore(path, 50);
  std::deque<std::pair<Acknowledged, std::future<absl::StatusOr<PushCounts>>>> in_flight;
  for (std::int32_t step = first;; ++step) {
    for (std::int32_t trial = 0; trial < trials; ++trial) {
      in_flight.emplace_back(Acknowledged{trial, step},
                             store->AppendPoints({absl::StrCat("t", trial)}, 0, ColumnsOf({Report(step)})));
    }
    while (in_flight.size() > 32) {
      if (!in_flight.front().second.get().ok()) ::_exit(1);
      if (::write(pipe, &in_flight.front().first, sizeof(Acknowledged)) != sizeof(Acknowledged)) ::_exit(2);
      in_flight.pop_front();
    }
  }
}

TEST(DurabilityTest, EveryAcknowledgedPointSurvivesKill9) {
  constexpr int kTrials = 5;
  constexpr int kRounds = 6;
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  InsertTrials(*OpenStore(path), "s", Trials(kTrials));
  std::vector<std::int64_t> last(kTrials, -1);
  for (int round = 0; round < kRounds; ++round) {
    int acknowledged[2];
    ASSERT_EQ(::pipe(acknowledged), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(acknowledged[0]);
      AppendForEver(path, acknowledged[1], kTrials,
                    static_cast<std::int32_t>(*std::min_element(last.begin(), last.end())) + 1);
    }
    ::close(acknowledged[1]);
    const int kill_after = 200 + 331 * round;
    Acknowledged point{};
    for (int count = 0; ::read(acknowledged[0], &point, sizeof(point)) == sizeof(point); ++count) {
      last[static_cast<std::size_t>(point.trial)] =
          std::max<std::int64_t>(last[static_cast<std::size_t>(point.trial)], point.step);
      if (count == kill_after) ::kill(child, SIGKILL);
    }
    ::close(acknowledged[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;

    const std::unique_ptr<Store> store = OpenStore(path, 50);
    const auto steps = WholeSteps(*store);
    for (int trial = 0; trial < kTrials; ++trial) {
      const std::vector<std::int64_t>& stored = steps.at(absl::StrCat("t", trial));
      ASSERT_GE(stored.back(), last[static_cast<std::size_t>(trial)]);
      EXPECT_EQ(stored.back() + 1, static_cast<std::int64_t>(stored.size()));
      const TrialRow row = Must(store->FindTrial(absl::StrCat("t", trial))).value();
      EXPECT_EQ(row.step, stored.back());
      EXPECT_EQ(row.tokens, 100 * stored.back());
    }
  }
}

TEST(DurabilityTest, AFullDiskLosesNothingAcknowledgedAndTheStoreGoesOnWhenThereIsSpace) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  std::unique_ptr<Store> store = OpenStore(path, 20);
  InsertTrials(*store, "s", Trials(1));
  std::int64_t step = 0;
  absl::Status failure;
  {
    const FileSizeLimit limit(std::max(store->WalBytes(), store->DatabaseBytes()) + 300'000);
    while (failure.ok()) {
      failure = store->AppendPoints({"t0"}, 0, ColumnsOf({Report(step)})).get().status();
      if (failure.ok()) ++step;
      ASSERT_LT(step, 100'000);
    }
    // A change that fails with the others still fails alone, and says so.
    EXPECT_EQ(
        store->Apply({.new_sweep = NewSweep{{.name = "large", .spec = std::string(2'000'000, 'x')}}}).get().code(),
        absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(WholeSteps(*store).at("t0").size(), static_cast<std::size_t>(step));
  }
  EXPECT_EQ(failure.code(), absl::StatusCode::kResourceExhausted) << failure;
  EXPECT_NE(std::string(failure.message()).find(path), std::string::npos);
  EXPECT_GT(step, 0);

  EXPECT_EQ(Must(store->AppendPoints({"t0"}, 0, ColumnsOf({Report(step)})).get()).stored,
            static_cast<std::uint64_t>(kSeries));
  EXPECT_FALSE(Must(store->FindSweep("large")).has_value());
  store.reset();
  store = OpenStore(path, 20);
  EXPECT_EQ(WholeSteps(*store).at("t0").size(), static_cast<std::size_t>(step) + 1);
  EXPECT_EQ(Sql(path, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

TEST(DurabilityTest, OnAFullDiskLargeOperationsFailAndSmallOnesOfTheirGroupStand) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  const std::unique_ptr<Store> store = OpenStore(path);
  InsertTrials(*store, "s", Trials(2));
  const FileSizeLimit limit(std::max(store->WalBytes(), store->DatabaseBytes()) + 500'000);
  std::vector<std::future<absl::Status>> large;
  std::vector<std::future<absl::Status>> small;
  for (int i = 0; i < 5; ++i) {
    large.push_back(
        store->Apply({.new_sweep = NewSweep{{.name = absl::StrCat("large", i), .spec = std::string(2'000'000, 'x')}}}));
    small.push_back(store->Apply({.trials = {{.trial_id = "t0", .state = TrialState::kRunning, .attempts = i + 1}}}));
  }
  for (auto& future : large) EXPECT_EQ(future.get().code(), absl::StatusCode::kResourceExhausted);
  for (auto& future : small) EXPECT_TRUE(future.get().ok());
  EXPECT_EQ(Must(store->FindTrial("t0"))->attempts, 5);
  EXPECT_EQ(Must(store->ListSweeps(100, 0)).size(), 1u);
}

TEST(DurabilityTest, AProbeFindsTheFullDiskThatAnEmptyChangeFits) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  const std::unique_ptr<Store> store = OpenStore(path);
  std::atomic<int> told = 0;
  store->ObserveFailures([&](const absl::Status&) { ++told; });
  EXPECT_TRUE(store->Probe().get().ok());
  EXPECT_FALSE(std::filesystem::exists(path + "-probe"));
  {
    const FileSizeLimit limit(100'000);
    EXPECT_TRUE(store->Apply({}).get().ok());
    EXPECT_EQ(told, 0);
    const absl::Status full = store->Probe().get();
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(std::filesystem::exists(path + "-probe"));
  }
  EXPECT_TRUE(store->Probe().get().ok());
}

TEST(DurabilityTest, NothingIsAcknowledgedWhenTheLogWasDeleted) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  const std::unique_ptr<Store> store = OpenStore(path);
  ASSERT_TRUE(store->Apply({.new_sweep = NewSweep{{.name = "before"}}}).get().ok());
  std::filesystem::remove(path + "-wal");
  const absl::Status status = store->Apply({.new_sweep = NewSweep{{.name = "after"}}}).get();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(path + "-wal"));
  EXPECT_FALSE(store->Probe().get().ok()) << "/readyz tells of it";
}

// What is written to a file without a name is gone with the process.
TEST(DurabilityTest, NothingIsAcknowledgedWhenTheDatabaseWasDeletedOrReplacedUntilItIsBack) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  const std::unique_ptr<Store> store = OpenStore(path);
  std::atomic<int> told = 0;
  store->ObserveFailures([&](const absl::Status&) { ++told; });
  const auto insert = [&](const std::string& sweep) {
    return store->Apply({.new_sweep = NewSweep{{.name = sweep}}}).get();
  };
  ASSERT_TRUE(insert("before").ok());
  std::filesystem::rename(path, folder.File("moved.db"));
  const absl::Status deleted = insert("deleted");
  EXPECT_EQ(deleted.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(deleted.message()),
              testing::AllOf(testing::HasSubstr(path), testing::HasSubstr("was deleted"),
                             testing::HasSubstr("put the database back")));
  EXPECT_FALSE(store->Probe().get().ok()) << "/readyz tells of it";
  std::filesystem::copy_file(folder.File("moved.db"), path);
  EXPECT_THAT(std::string(insert("replaced").message()), testing::HasSubstr("was replaced"));
  EXPECT_EQ(told, 3);
  std::filesystem::rename(folder.File("moved.db"), path);
  EXPECT_TRUE(insert("after").ok());
}

TEST(DurabilityTest, AShellThatHoldsTheWriteLockDelaysWritesAndLosesNone) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  const std::unique_ptr<Store> store = OpenStore(path);
  InsertTrials(*store, "s", Trials(1));
  SQLite::Database shell(path, SQLite::OPEN_READWRITE);
  shell.exec("BEGIN IMMEDIATE");
  auto first = store->AppendPoints({"t0"}, 0, ColumnsOf({Report(0)}));
  auto second = store->AppendPoints({"t0"}, 0, ColumnsOf({Report(1)}));
  EXPECT_TRUE(WholeSteps(*store).empty());
  shell.exec("COMMIT");
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(WholeSteps(*store).at("t0").size(), 2u);
}

TEST(DurabilityTest, ReadersSeeWholeStepsWhileManyThreadsWriteAndSeal) {
  constexpr int kTrials = 4;
  constexpr std::int64_t kSteps = 300;
  const TemporaryFolder folder;
  const std::unique_ptr<Store> store = OpenStore(folder.File("ofsweep.db"), 30);
  InsertTrials(*store, "s", Trials(kTrials));
  std::atomic<int> writing = kTrials;
  std::vector<std::thread> writers;
  for (int trial = 0; trial < kTrials; ++trial) {
    writers.emplace_back([&, trial] {
      for (std::int64_t step = 0; step < kSteps; ++step) {
        const auto stored = store->AppendPoints({absl::StrCat("t", trial)}, 0, ColumnsOf({Report(step)})).get();
        EXPECT_TRUE(stored.ok()) << stored.status();
      }
      --writing;
    });
  }
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      std::map<std::string, std::vector<std::int64_t>> before;
      while (writing > 0) {
        const auto now = WholeSteps(*store);
        for (const auto& [trial, steps] : now) {
          EXPECT_GE(steps.size(), before[trial].size());  // no point vanishes while it is moved
          EXPECT_EQ(steps.back() + 1, static_cast<std::int64_t>(steps.size()));
        }
        before = now;
      }
    });
  }
  for (std::thread& thread : writers) thread.join();
  for (std::thread& thread : readers) thread.join();
  for (const auto& [trial, steps] : WholeSteps(*store)) EXPECT_EQ(steps.size(), static_cast<std::size_t>(kSteps));
}

// Sends, resends, reordering, sealing and restarts, against the plainest model: a map in which the first value stays.
TEST(DurabilityTest, RandomHistoriesGiveTheCurvesOfASimpleModel) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const TemporaryFolder folder;
    const std::string path = folder.File("ofsweep.db");
    const auto seal_every = static_cast<std::int64_t>(1 + random() % 12);
    std::unique_ptr<Store> store = OpenStore(path, seal_every);
    InsertTrials(*store, "s", Trials(2));
    std::map<std::tuple<std::string, int, std::int64_t>, double> model;
    for (int action = 0; action < 150; ++action) {
      const std::string trial = absl::StrCat("t", random() % 2);
      switch (random() % 12) {
        case 0:
          SetState(*store, trial, random() % 2 ? TrialState::kCompleted : TrialState::kCancelled);
          break;
        case 1:
          SetState(*store, trial, TrialState::kRunning);
          break;
        case 2:
          store.reset();
          store = OpenStore(path, seal_every);
          break;
        default: {
          std::vector<StepPoints> steps;
          PushCounts expected;
          for (unsigned i = 0; i <= random() % 4; ++i) {
            StepPoints report = MakeStep(static_cast<std::int64_t>(random() % 40), {});
            for (unsigned point = 0; point < random() % 5; ++point) {
              const int layer = static_cast<int>(random() % 6);
              const double value = static_cast<double>(random() % 1000);
              report.points.push_back({{"kurtosis", layer, "block"}, value});
              model.emplace(std::tuple(trial, layer, report.step), value).second ? ++expected.stored
                                                                                 : ++expected.duplicates;
            }
            steps.push_back(std::move(report));
          }
          const PushCounts counts = Must(store->AppendPoints({trial}, 0, ColumnsOf(steps)).get());
          ASSERT_EQ(counts.stored, expected.stored);
          ASSERT_EQ(counts.duplicates, expected.duplicates);
        }
      }
    }
    std::map<std::tuple<std::string, int, std::int64_t>, double> stored;
    ASSERT_TRUE(store
                    ->VisitCurves({.sweep = "s", .metrics = {"kurtosis"}},
                                  [&](const Curve& curve) {
                                    EXPECT_TRUE(std::is_sorted(curve.steps.begin(), curve.steps.end()));
                                    for (std::size_t i = 0; i < curve.steps.size(); ++i) {
                                      const std::tuple key(curve.trial_id, *curve.series.layer, curve.steps[i]);
                                      EXPECT_TRUE(stored.emplace(key, curve.values[i]).second);
                                    }
                                    return true;
                                  })
                    .ok());
    EXPECT_EQ(stored, model);
    // The result columns are what SQL finds in the curves.
    EXPECT_EQ(Sql(path,
                  "SELECT trial_id, kurtosis_max, kurtosis_peak, round(kurtosis_mean, 6) FROM results "
                  "WHERE kurtosis_max NOT NULL ORDER BY trial_id"),
              Sql(path,
                  "SELECT trial_id, max(value), (SELECT max(value) FROM curves AS c WHERE metric = 'kurtosis' AND "
                  "c.trial_id = outer.trial_id), round(avg(value), 6) FROM curves AS outer WHERE metric = 'kurtosis' "
                  "AND step = (SELECT max(step) FROM curves AS c WHERE metric = 'kurtosis' AND "
                  "c.trial_id = outer.trial_id) GROUP BY trial_id ORDER BY trial_id"));
  }
}

}  // namespace
}  // namespace ofsweep
