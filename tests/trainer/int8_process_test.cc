// `evaluate --int8 --sensitivity` by hand, on files that have never seen this program: the models of
// tests/reference/int8, plain safetensors of weights written from Python.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/temporary_folder.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

const std::filesystem::path kReference = OFSWEEP_SOURCE_DIR "/tests/reference/int8";

class Int8Process : public testing::Test {
 protected:
  // Evaluates a case as its expected.json says.
  TrainerResult Evaluate(const std::string& name) {
    expected_ = nlohmann::json::parse(std::ifstream(kReference / name / "expected.json"));
    const auto& config = expected_.at("config");
    const auto& calibration = config.at("calibration");
    const nlohmann::json trial = {{"model", config.at("model")},
                                  {"train", {{"batch_size", 96}, {"device", "cpu"}, {"threads", 1}}},
                                  {"data",
                                   {{"source", "tokens"},
                                    {"path", kReference / "train_tokens.bin"},
                                    {"validation_path", kReference / "validation_tokens.bin"},
                                    {"order", "sequential"}}},
                                  {"evaluate",
                                   {{"batches", 1},
                                    {"int8_calibration_batches", calibration.at("batches")},
                                    {"int8_calibration_batch_size", calibration.at("batch_size")}}}};
    return RunTrainer({"evaluate", "--config", folder_.Write("trial.json", trial.dump()), "--checkpoint",
                       kReference / name / "model.safetensors", "--int8", "--sensitivity"});
  }

  static std::map<std::string, double> ScalarsOf(const TrainerResult& result) {
    std::map<std::string, double> scalars;
    for (const TrainerEvent& event : result.Events()) {
      const auto* step = std::get_if<PointsEvent>(&event);
      if (step == nullptr) continue;
      for (const MetricPoint& point : step->points.points) scalars[point.series.metric] = point.value;
    }
    return scalars;
  }

  TemporaryFolder folder_;
  nlohmann::json expected_;
};

TEST_F(Int8Process, GivesThePublishedLosses) {
  for (const char* name : {"mild", "strong"}) {
    SCOPED_TRACE(name);
    const TrainerResult result = Evaluate(name);
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    const auto scalars = ScalarsOf(result);
    const double int8_tolerance = expected_.at("tolerance").at("int8_loss");
    EXPECT_NEAR(scalars.at("eval_loss"), expected_.at("full_precision").at("window_loss").get<double>(), 1e-5);
    EXPECT_NEAR(scalars.at("int8_loss"), expected_.at("int8").at("window_loss").get<double>(), int8_tolerance);
    EXPECT_DOUBLE_EQ(scalars.at("int8_perplexity_weights"), std::exp(scalars.at("int8_loss_weights")));
    EXPECT_DOUBLE_EQ(scalars.at("int8_perplexity_activations"), std::exp(scalars.at("int8_loss_activations")));
  }
}

// Outliers in a few neurons stretch the ranges of activations; the weights of `strong` hold them too.
TEST_F(Int8Process, SaysWhichTensorHurtsMost) {
  const TrainerResult result = Evaluate("strong");
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  std::map<std::string, double> increases;
  SensitivityRankingEvent ranking;
  for (const TrainerEvent& event : result.Events()) {
    if (const auto* one = std::get_if<SensitivityEvent>(&event)) {
      EXPECT_EQ(one->perplexity, std::exp(one->loss));
      EXPECT_TRUE(increases.emplace(one->place, one->increase).second) << one->place << " was said twice";
    } else if (const auto* all = std::get_if<SensitivityRankingEvent>(&event)) {
      ranking = *all;
    }
  }
  std::set<std::string> places;
  for (const auto& [place, grid] : expected_.at("weights").items()) places.insert(place);
  for (const auto& [place, grid] : expected_.at("activations").items()) places.insert(place);
  ASSERT_EQ(increases.size(), places.size());
  for (const std::string& place : places) EXPECT_TRUE(increases.contains(place)) << place;

  const std::map<std::string, double> ranked(ranking.increases.begin(), ranking.increases.end());
  EXPECT_EQ(ranked, increases);
  EXPECT_TRUE(std::is_sorted(ranking.increases.begin(), ranking.increases.end(),
                             [](const auto& a, const auto& b) { return a.second > b.second; }));
  EXPECT_NEAR(ranking.full_precision_perplexity, ScalarsOf(result).at("eval_perplexity"), 1e-6);
  EXPECT_GT(ranking.increases.front().second, 10 * ranking.increases[ranking.increases.size() / 2].second);
}

TEST_F(Int8Process, SensitivityIsAQuestionAboutInt8) {
  const std::string trial = folder_.Write("trial.json", "{}");
  EXPECT_EQ(RunTrainer({"evaluate", "--config", trial, "--sensitivity"}).exit_code, 2);
}

}  // namespace
}  // namespace ofsweep
