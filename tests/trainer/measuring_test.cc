// What measure.every and measure.metrics do to a trial: they add points, and change nothing else.

#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/safetensors.h"

namespace ofsweep {
namespace {

class Measuring : public testing::Test {
 protected:
  using Points = std::map<std::pair<std::int64_t, Series>, double>;  // by step and series

  Points Run(const std::string& output = "out") {
    const TrainerResult result =
        RunTrainer({"--config", WriteTrial(folder_, trial_), "--output", folder_.path() / output});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    Points points;
    for (const TrainerEvent& event : result.Events()) {
      const auto* step = std::get_if<PointsEvent>(&event);
      if (step == nullptr) continue;
      for (const MetricPoint& point : step->points.points) points[{step->points.step, point.series}] = point.value;
    }
    return points;
  }

  void ExpectSameWeights(const std::string& one, const std::string& other) {
    const char* name = "checkpoint-000000024.safetensors";
    const auto a = SafetensorsFile::Open(folder_.path() / one / name);
    const auto b = SafetensorsFile::Open(folder_.path() / other / name);
    ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
    ASSERT_EQ(a->Names(), b->Names());
    for (const std::string& tensor : a->Names()) EXPECT_TRUE(at::equal(a->Read(tensor), b->Read(tensor))) << tensor;
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();  // with dropout and micro-batches
};

TEST_F(Measuring, ChangesNoBitOfWhatIsLearnt) {
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    SCOPED_TRACE(block);
    trial_["model"]["block"] = block;
    trial_["measure"] = {{"every", 1}, {"metrics", "all"}};
    const Points often = Run(std::string(block) + "-often");
    trial_["measure"] = {{"every", 10}, {"metrics", nlohmann::json::array({"rms"})}};
    const Points seldom = Run(std::string(block) + "-seldom");
    for (const auto& [key, value] : seldom) {
      if (key.second.metric == "tokens_per_second") continue;
      EXPECT_EQ(often.at(key), value) << key.second.metric;
    }
    ExpectSameWeights(std::string(block) + "-often", std::string(block) + "-seldom");
  }
}

TEST_F(Measuring, SeesNothingOfBlocksThatRunTwice) {
  trial_["measure"] = {{"every", 8}, {"metrics", "all"}};
  const Points plain = Run("plain");
  trial_["train"]["activation_checkpointing"] = true;
  const Points rerun = Run("rerun");
  ASSERT_EQ(rerun.size(), plain.size());
  for (const auto& [key, value] : plain) {
    if (key.second.metric == "tokens_per_second") continue;
    EXPECT_EQ(rerun.at(key), value) << key.second.metric << " " << key.second.site;
  }
}

TEST_F(Measuring, GivesTheMetricsAskedForAlone) {
  trial_["measure"] = {{"every", 8}, {"metrics", nlohmann::json::array({"token_corr_rms", "sink_rate", "delta_m2"})}};
  std::set<std::string> metrics;
  for (const auto& [key, value] : Run()) {
    if (!key.second.site.empty()) metrics.insert(key.second.metric);
  }
  EXPECT_THAT(metrics, testing::ElementsAre("delta_m2", "sink_rate", "token_corr_rms"));
}

TEST_F(Measuring, DoesNotDependOnMicroBatches) {
  trial_["model"]["dropout"] = 0;
  trial_["train"]["precision"] = "fp64";
  trial_["measure"] = {{"every", 6}, {"metrics", "all"}};
  const Points halves = Run("halves");
  trial_["train"]["micro_batch_size"] = 4;
  const Points whole = Run("whole");
  trial_["train"]["micro_batch_size"] = 1;
  const Points single = Run("single");
  for (const auto& [key, value] : whole) {
    if (key.second.metric == "tokens_per_second") continue;
    SCOPED_TRACE(key.second.metric + " " + key.second.site);
    EXPECT_NEAR(halves.at(key), value, 1e-8 * std::abs(value));
    EXPECT_NEAR(single.at(key), value, 1e-8 * std::abs(value));
  }
}

// Other masks in the pass after the update would move the residual stream by its own size.
TEST_F(Measuring, DropoutDoesNotBlurWhatAnUpdateMoves) {
  trial_["model"]["dropout"] = 0.3;
  trial_["train"]["precision"] = "fp64";
  trial_["optimizer"]["learning_rate"] = 1e-9;
  trial_["measure"] = {{"every", 1}, {"metrics", nlohmann::json::array({"rms", "delta_m2", "delta_m4_second"})}};
  const Points points = Run();
  int compared = 0;
  for (const auto& [key, rms] : points) {
    auto [step, series] = key;
    if (series.metric != "rms") continue;
    series.metric = "delta_m2";
    EXPECT_LT(std::abs(points.at({step, series})), 1e-5 * rms * rms) << step << " " << series.site;
    series.metric = "delta_m4_second";
    EXPECT_LT(points.at({step, series}), 1e-10 * std::pow(rms, 4)) << step << " " << series.site;
    ++compared;
  }
  EXPECT_EQ(compared, 24 * 4);
}

TEST_F(Measuring, AnUpdateThatDivergenceForbidsIsNotMeasured) {
  trial_["optimizer"]["learning_rate"] = 1000;
  trial_["train"]["steps"] = 200;
  trial_["evaluate"]["every"] = 1000;
  trial_["measure"] = {{"every", 1}, {"metrics", nlohmann::json::array({"rms", "delta_m2"})}};
  std::map<std::string, std::int64_t> last;
  for (const auto& [key, value] : Run()) last[key.second.metric] = key.first;
  EXPECT_LT(last.at("rms"), 199);
  EXPECT_EQ(last.at("delta_m2"), last.at("rms") - 1);
}

}  // namespace
}  // namespace ofsweep
