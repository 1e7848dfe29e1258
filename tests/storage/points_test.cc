// Points: every one is kept once, whatever is sent again, late or out of order, sealed or not.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <future>
#include <limits>
#include <mutex>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
const Series kLoss{"train_loss", std::nullopt, ""};

class PointsTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  std::unique_ptr<Store> store_;

  void Open(std::int64_t seal_every_steps) {
    store_.reset();
    store_ = OpenStore(path_, seal_every_steps);
    if (!Must(store_->FindSweep("s")).has_value()) InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b")});
  }
  PushCounts Append(const std::vector<StepPoints>& steps) {
    return Must(store_->AppendPoints({"a"}, 0, ColumnsOf(steps)).get());
  }
  PushCounts AppendLoss(std::int64_t first, std::int64_t last) {
    std::vector<StepPoints> steps;
    for (std::int64_t step = first; step <= last; ++step) {
      steps.push_back(MakeStep(step, {{kLoss, static_cast<double>(step)}}));
    }
    return Append(steps);
  }
  std::vector<Curve> Curves(const CurveQuery& query) {
    std::vector<Curve> curves;
    const absl::Status visited = store_->VisitCurves(query, [&](Curve curve) {
      curves.push_back(std::move(curve));
      return true;
    });
    EXPECT_TRUE(visited.ok()) << visited;
    return curves;
  }
  Curve Loss() {
    std::vector<Curve> curves = Curves({.sweep = "s", .trial_ids = {"a"}, .metrics = {"train_loss"}});
    return curves.empty() ? Curve() : curves.front();
  }
  std::int64_t Count(const std::string& table) { return std::stoll(Sql(path_, "SELECT count(*) FROM " + table).at(0)); }

  // Returns when the writer has sealed all that it was asked to.
  void WaitForSeal() {
    while (!Sql(path_, "SELECT 1 FROM trials JOIN recent_points ON trial = id WHERE trial_id = 'a' LIMIT 1").empty()) {
      ASSERT_TRUE(store_->Apply({.sweeps = {{"s", SweepState::kActive}}, .at = 1}).get().ok());
    }
  }
};

TEST_F(PointsTest, ACurveComesBackAsItWasSent) {
  Open(2000);
  const PushCounts counts = AppendLoss(0, 4);
  EXPECT_EQ(counts.stored, 5u);
  EXPECT_EQ(counts.duplicates, 0u);
  EXPECT_THAT(Loss().steps, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Loss().values, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(PointsTest, EveryStepHasItsTokensAndSecondsAsCurves) {
  Open(2000);
  AppendLoss(1, 3);
  const std::vector<Curve> curves = Curves({.sweep = "s", .metrics = {"tokens", "seconds"}});
  ASSERT_EQ(curves.size(), 2u);
  EXPECT_EQ(curves[0].series.metric, "seconds");
  EXPECT_THAT(curves[0].values, ElementsAre(0.1, 0.2, 0.3));
  EXPECT_THAT(curves[1].values, ElementsAre(100, 200, 300));
}

// `a` has block=op, `b` block=pre_norm, each of seed 0.
TEST_F(PointsTest, CurvesOfAGroupAreItsMeansAndNameItsKeys) {
  store_ = OpenStore(path_);
  InsertTrials(*store_, "s",
               {MakeTrial("a", "op", "adam", 1e-3, 0), MakeTrial("b", "pre_norm", "adam", 1e-3, 0),
                MakeTrial("c", "op", "adam", 1e-3, 1)});
  const auto append = [&](const char* trial, double loss) {
    Must(store_->AppendPoints({trial}, 0, ColumnsOf({MakeStep(0, {{kLoss, 9}}), MakeStep(1, {{kLoss, loss}})})).get());
  };
  append("a", 2);
  append("b", 10);
  append("c", 4);
  CurveQuery query{.sweep = "s", .metrics = {"train_loss"}, .group_by = {"model.block"}};
  std::vector<Curve> curves = Curves(query);
  ASSERT_EQ(curves.size(), 2u);
  EXPECT_EQ(curves[0].arm_keys_json, R"({"model.block":"op"})");
  EXPECT_EQ(curves[0].trial_id, "");
  EXPECT_EQ(curves[0].trials, 2u);
  EXPECT_THAT(curves[0].trial_ids, ElementsAre("a", "c"));
  EXPECT_THAT(curves[0].values, ElementsAre(9, 3));
  EXPECT_THAT(curves[0].counts, ElementsAre(2, 2));
  EXPECT_THAT(curves[1].values, ElementsAre(9, 10));

  query.group_by = {"seed"};
  curves = Curves(query);
  ASSERT_EQ(curves.size(), 2u);
  EXPECT_EQ(curves[0].arm_keys_json, R"({"seed":0})");
  EXPECT_THAT(curves[0].values, ElementsAre(9, 6));
  query.first_step = 1;
  EXPECT_THAT(Curves(query)[1].values, ElementsAre(4));
}

TEST_F(PointsTest, WhatWasMeasuredIsListedBeforeAndAfterSealing) {
  for (const std::int64_t seal_every : {2000, 2}) {
    Open(seal_every);
    EXPECT_EQ(store_->ListSeries("none").status().code(), absl::StatusCode::kNotFound);
    Append({MakeStep(seal_every, {{kLoss, 1}, {{"kurtosis", 1, "block"}, 2}})});
    Append({MakeStep(seal_every + 1, {{{"kurtosis", 0, "block"}, 2}})});
    if (seal_every == 2) WaitForSeal();
    const std::vector<Series> series = Must(store_->ListSeries("s"));
    EXPECT_THAT(series, IsSupersetOf({Series{"kurtosis", 0, "block"}, Series{"kurtosis", 1, "block"}, kLoss}));
  }
}

TEST_F(PointsTest, CurvesMayBeCutToSomeSteps) {
  Open(4);
  AppendLoss(0, 9);
  const std::vector<Curve> curves = Curves({.sweep = "s", .metrics = {"train_loss"}, .first_step = 2, .last_step = 6});
  ASSERT_EQ(curves.size(), 1u);
  EXPECT_THAT(curves[0].steps, ElementsAre(2, 3, 4, 5, 6));
}

TEST_F(PointsTest, AResendIsCountedAndChangesNothing) {
  Open(2000);
  AppendLoss(0, 9);
  const PushCounts again = AppendLoss(5, 12);
  EXPECT_EQ(again.stored, 3u);
  EXPECT_EQ(again.duplicates, 5u);
  const PushCounts changed = Append({MakeStep(3, {{kLoss, 99.0}})});
  EXPECT_EQ(changed.duplicates, 1u);
  EXPECT_EQ(Loss().values.at(3), 3.0);
  EXPECT_EQ(Loss().values.size(), 13u);
}

TEST_F(PointsTest, OfASeriesThatAStepNamesTwiceTheFirstValueCounts) {
  Open(2000);
  std::vector<MetricPoint> values = {{kLoss, 1}};
  for (int layer = 0; layer < 40; ++layer) values.push_back({{"kurtosis", layer, "block"}, 10.0 + layer});
  values.push_back({kLoss, 2});
  const PushCounts counts = Append({MakeStep(0, values)});
  EXPECT_EQ(counts.stored, 41u);
  EXPECT_EQ(counts.duplicates, 1u);
  EXPECT_THAT(Loss().values, ElementsAre(1));
  EXPECT_THAT(Sql(path_, "SELECT train_loss, kurtosis_max FROM results WHERE trial_id = 'a'"), ElementsAre("1.0|49.0"));
}

TEST_F(PointsTest, RowsOfOneStepAreAllKept) {
  Open(2000);
  const Series eval{"eval_loss", std::nullopt, ""};
  const PushCounts counts = Append({MakeStep(5, {{kLoss, 1}}), MakeStep(5, {{eval, 3}}), MakeStep(6, {{kLoss, 2}})});
  EXPECT_EQ(counts.stored, 3u);
  EXPECT_THAT(Loss().values, ElementsAre(1, 2));
  EXPECT_THAT(Sql(path_, "SELECT eval_loss, steps FROM results WHERE trial_id = 'a'"), ElementsAre("3.0|6"));
}

TEST_F(PointsTest, WhatFailsTakesNothingOfItsGroupWithIt) {
  Open(2000);
  std::vector<std::future<absl::StatusOr<PushCounts>>> written;
  for (std::int64_t step = 0; step < 50; ++step) {
    written.push_back(store_->AppendPoints({"a"}, 0, ColumnsOf({MakeStep(step, {{kLoss, 1}})})));
    written.push_back(store_->AppendPoints({"none"}, 0, ColumnsOf({MakeStep(step, {{kLoss, 1}})})));
  }
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto counts = written[i].get();
    if (i % 2 == 0) {
      EXPECT_EQ(Must(counts).stored, 1u);
    } else {
      EXPECT_EQ(counts.status().code(), absl::StatusCode::kNotFound);
    }
  }
  EXPECT_EQ(Loss().values.size(), 50u);
}

TEST_F(PointsTest, NaNAndInfinitiesAreKeptAndCounted) {
  Open(2000);
  const PushCounts counts =
      Append({MakeStep(0, {{kLoss, kNaN}}), MakeStep(1, {{kLoss, kInf}}), MakeStep(2, {{kLoss, -kInf}})});
  EXPECT_EQ(counts.stored, 3u);
  EXPECT_EQ(counts.non_finite, 3u);
  EXPECT_EQ(Append({MakeStep(0, {{kLoss, kNaN}})}).non_finite, 0u);  // a duplicate
  EXPECT_TRUE(std::isnan(Loss().values.at(0)));
  EXPECT_EQ(Loss().values.at(1), kInf);
  EXPECT_EQ(Loss().values.at(2), -kInf);
  EXPECT_THAT(Sql(path_, "SELECT step, value FROM curves WHERE metric = 'train_loss' ORDER BY step"),
              ElementsAre("0|NULL", "1|Inf", "2|-Inf"));
}

TEST_F(PointsTest, ANegativeStepIsRefusedWithTheWholeCall) {
  Open(2000);
  const auto counts =
      store_->AppendPoints({"a"}, 0, ColumnsOf({MakeStep(1, {{kLoss, 1}}), MakeStep(-1, {{kLoss, 1}})})).get();
  EXPECT_EQ(counts.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Loss().steps.empty());
}

TEST_F(PointsTest, AnEmptyAppendChangesNothing) {
  Open(2000);
  EXPECT_EQ(Append({}).stored, 0u);
  EXPECT_THAT(Sql(path_, "SELECT steps FROM results WHERE trial_id = 'a'"), ElementsAre("0"));
}

TEST_F(PointsTest, PointsAreSealedWhenTheTrialEnds) {
  Open(2000);
  AppendLoss(0, 99);
  EXPECT_EQ(Count("sealed_points"), 0);
  SetState(*store_, "a", TrialState::kCompleted);
  WaitForSeal();
  EXPECT_EQ(Count("sealed_points"), 300);
  EXPECT_EQ(Loss().steps.size(), 100u);
}

TEST_F(PointsTest, PointsAreSealedWheneverEnoughStepsHaveCome) {
  Open(10);
  AppendLoss(0, 9);
  WaitForSeal();
  EXPECT_EQ(Count("sealed_points"), 30);
  AppendLoss(10, 14);
  EXPECT_EQ(Count("recent_points"), 15);
  EXPECT_THAT(Loss().steps, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
}

TEST_F(PointsTest, ALargeTrialIsSealedInSlicesAndNeverMissesAPoint) {
  Open(1'000'000);
  std::vector<StepPoints> steps;
  for (std::int64_t step = 0; step < 2000; ++step) {
    StepPoints points = MakeStep(step, {{kLoss, static_cast<double>(step)}});
    for (int layer = 0; layer < 40; ++layer) points.points.push_back({{"rms", layer, "block"}, 1.0 * layer});
    steps.push_back(std::move(points));
  }
  Append(steps);
  SetState(*store_, "a", TrialState::kCompleted);
  while (Count("recent_points") > 0) {
    ASSERT_EQ(Loss().steps.size(), 2000u);
  }
  EXPECT_EQ(Count("sealed_points"), 2000 * 43);
  EXPECT_EQ(Loss().steps.size(), 2000u);
}

TEST_F(PointsTest, LatePointsAfterSealingAreNeitherLostNorDoubled) {
  Open(2000);
  AppendLoss(0, 4);
  AppendLoss(8, 9);
  SetState(*store_, "a", TrialState::kCompleted);
  WaitForSeal();
  const PushCounts late = AppendLoss(3, 11);  // 3, 4, 8, 9 again; 5 to 7 late; 10 and 11 new
  EXPECT_EQ(late.stored, 5u);
  EXPECT_EQ(late.duplicates, 4u);
  EXPECT_THAT(Loss().steps, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  SetState(*store_, "a", TrialState::kCompleted);
  WaitForSeal();
  EXPECT_EQ(AppendLoss(0, 11).duplicates, 12u);
  EXPECT_THAT(Sql(path_, "SELECT count(*), count(DISTINCT step) FROM curves WHERE metric = 'train_loss'"),
              ElementsAre("12|12"));
}

TEST_F(PointsTest, ARestartFinishesTheSealingOfEndedTrials) {
  Open(2000);
  AppendLoss(0, 99);
  store_.reset();
  // A crash between the change of state and the sealing.
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("UPDATE trials SET state = 'diverged' WHERE trial_id = 'a'");
  Open(2000);
  WaitForSeal();
  EXPECT_EQ(Loss().steps.size(), 100u);
}

TEST_F(PointsTest, CurvesAreOrderedByTrialThenSeriesAndFiltered) {
  Open(2000);
  for (const char* trial : {"b", "a"}) {
    Must(store_
             ->AppendPoints({trial}, 0,
                            ColumnsOf({MakeStep(0, {{{"kurtosis", 1, "block"}, 3},
                                                    {{"kurtosis", std::nullopt, "embedding"}, 1},
                                                    {{"kurtosis", 0, "block"}, 2},
                                                    {{"rms", 0, "block"}, 4}})}))
             .get());
  }
  const auto names = [&](const CurveQuery& query) {
    std::vector<std::string> found;
    for (const Curve& curve : Curves(query)) {
      found.push_back(curve.trial_id + " " + curve.series.metric + " " +
                      (curve.series.layer ? std::to_string(*curve.series.layer) : "-") + " " + curve.series.site);
    }
    return found;
  };
  EXPECT_THAT(names({.sweep = "s", .metrics = {"kurtosis"}}),
              ElementsAre("a kurtosis - embedding", "a kurtosis 0 block", "a kurtosis 1 block",
                          "b kurtosis - embedding", "b kurtosis 0 block", "b kurtosis 1 block"));
  EXPECT_THAT(names({.sweep = "s", .trial_ids = {"b"}, .metrics = {"rms", "kurtosis"}, .layers = {0}}),
              ElementsAre("b kurtosis 0 block", "b rms 0 block"));
  EXPECT_THAT(names({.trial_ids = {"b"}, .metrics = {"kurtosis"}, .sites = {"embedding"}}),
              ElementsAre("b kurtosis - embedding"));
  EXPECT_THAT(names({.sweep = "s", .metrics = {"unknown"}}), ElementsAre());
  int visited = 0;
  ASSERT_TRUE(
      store_->VisitCurves({.sweep = "s", .metrics = {"kurtosis"}}, [&](const Curve&) { return ++visited < 2; }).ok());
  EXPECT_EQ(visited, 2);
}

TEST_F(PointsTest, TheStoreCanBeReadAgainWhileACurveIsVisited) {
  Open(2000);
  AppendLoss(0, 3);
  int depth = 0;
  const std::function<bool(Curve)> visit = [&](const Curve& curve) {
    EXPECT_EQ(curve.steps.size(), 4u);
    if (++depth < 20) {
      EXPECT_TRUE(store_->VisitCurves({.sweep = "s", .metrics = {"train_loss"}}, visit).ok());
    }
    return true;
  };
  EXPECT_TRUE(store_->VisitCurves({.sweep = "s", .metrics = {"train_loss"}}, visit).ok());
  EXPECT_EQ(depth, 20);
}

TEST_F(PointsTest, TheObserverHearsOfEachKindOfTransaction) {
  Open(10);
  std::mutex mutex;
  std::condition_variable heard;
  std::map<std::string, double> seconds;
  store_->ObserveTransactions([&](const std::string& op, double duration) {
    const std::lock_guard<std::mutex> guard(mutex);
    seconds[op] += duration;
    heard.notify_all();
  });
  InsertTrials(*store_, "t", {MakeTrial("c")});
  AppendLoss(0, 20);
  SetState(*store_, "a", TrialState::kCompleted);
  std::unique_lock<std::mutex> guard(mutex);
  heard.wait(guard, [&] { return seconds.size() == 4; });
  EXPECT_THAT(seconds, ElementsAre(testing::Key("append"), testing::Key("change"), testing::Key("insert"),
                                   testing::Key("seal")));
  guard.unlock();
  store_.reset();
}

// Attempt 1 was lost at step 9; attempt 2 goes on from the checkpoint of step 4, on another trajectory.
class CurveOfOneTraining : public PointsTest, public testing::WithParamInterface<std::int64_t> {
 protected:
  PushCounts AppendOf(std::uint64_t generation, std::int64_t from_step, std::int64_t first, std::int64_t last) {
    std::vector<StepPoints> steps;
    for (std::int64_t step = first; step <= last; ++step) {
      const double value = static_cast<double>(100 * generation) + static_cast<double>(step);
      steps.push_back(MakeStep(step, {{kLoss, value}, {{"kurtosis", 0, "block"}, value}}));
    }
    return Must(store_->AppendPoints({"a", generation}, from_step, ColumnsOf(steps)).get());
  }
};

TEST_P(CurveOfOneTraining, WhateverEarlierAttemptsLeft) {
  Open(GetParam());
  AppendOf(1, 0, 0, 9);
  AppendOf(2, 4, 5, 6);
  EXPECT_THAT(Loss().steps, ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Loss().values, ElementsAre(100, 101, 102, 103, 104, 205, 206));
  EXPECT_EQ(AppendOf(2, 4, 5, 6).duplicates, 4u) << "a resend takes nothing away";
  AppendOf(2, 4, 7, 7);
  Open(GetParam());
  EXPECT_EQ(AppendOf(2, 4, 7, 7).duplicates, 2u) << "nor after a restart";
  EXPECT_THAT(Loss().steps, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  AppendOf(3, 0, 0, 1);
  EXPECT_THAT(Loss().values, ElementsAre(300, 301));
  EXPECT_THAT(Sql(path_, "SELECT steps, tokens, train_loss, kurtosis_peak FROM results WHERE trial_id = 'a'"),
              ElementsAre("1|100|301.0|301.0"));
}

INSTANTIATE_TEST_SUITE_P(SealedOrNot, CurveOfOneTraining, testing::Values(3, 1000));

}  // namespace
}  // namespace ofsweep
