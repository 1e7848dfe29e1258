// `evaluate` after rounding by hand, on files that have never seen this program: the models of tests/reference/int8 and
// tests/reference/axes, plain safetensors of weights written from Python.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "tests/temporary_folder.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

const std::filesystem::path kReference = OFSWEEP_SOURCE_DIR "/tests/reference/int8";
const std::filesystem::path kBits = OFSWEEP_SOURCE_DIR "/tests/reference/axes";

std::map<std::string, double> ScalarsOf(const TrainerResult& result) {
  std::map<std::string, double> scalars;
  for (const TrainerEvent& event : result.Events()) {
    const auto* step = std::get_if<PointsEvent>(&event);
    if (step == nullptr) continue;
    for (const MetricPoint& point : step->points.points) scalars[point.series.metric] = point.value;
  }
  return scalars;
}

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
      EXPECT_EQ(one->bits, "w8a8");
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

TEST_F(Int8Process, SensitivityIsAQuestionAboutRounding) {
  const std::string trial = folder_.Write("trial.json", "{}");
  EXPECT_EQ(RunTrainer({"evaluate", "--config", trial, "--sensitivity"}).exit_code, 2);
}

class BitsProcess : public testing::TestWithParam<const char*> {
 protected:
  static TrainerResult Evaluate(std::vector<std::string> options = {}) {
    std::vector<std::string> arguments = {"evaluate", "--config", kBits / GetParam() / "trial.json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunTrainer(arguments);
  }
};

// trial.json lists fifteen combinations in evaluate.bits.
TEST_P(BitsProcess, GivesTheLossOfEveryCombination) {
  const auto expected = nlohmann::json::parse(std::ifstream(kBits / GetParam() / "expected.json"));
  const TrainerResult result = Evaluate();
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  auto scalars = ScalarsOf(result);
  scalars["w32a32_loss"] = scalars.at("eval_loss");
  EXPECT_FALSE(scalars.contains("int8_loss")) << "nobody asked for --int8";
  EXPECT_EQ(expected.at("loss").size(), 16u);
  for (const auto& [name, loss] : expected.at("loss").items()) {
    const std::string bits = absl::AsciiStrToLower(name);
    EXPECT_NEAR(scalars.at(bits + "_loss"), loss.get<double>(), expected.at("tolerance").get<double>()) << bits;
    if (bits == "w32a32") continue;
    EXPECT_DOUBLE_EQ(scalars.at(bits + "_perplexity"), std::exp(scalars.at(bits + "_loss"))) << bits;
  }
}

TEST_P(BitsProcess, Int8IsW8A8AndItsPartsAreOneSideUnrounded) {
  const auto scalars = ScalarsOf(Evaluate({"--int8", "--bits", "w8a8,w8a32,w32a8,w32a32"}));
  EXPECT_EQ(scalars.at("int8_loss"), scalars.at("w8a8_loss"));
  EXPECT_EQ(scalars.at("int8_loss_weights"), scalars.at("w8a32_loss"));
  EXPECT_EQ(scalars.at("int8_loss_activations"), scalars.at("w32a8_loss"));
  EXPECT_EQ(scalars.at("w32a32_loss"), scalars.at("eval_loss"));
}

// One after the other or alone: no evaluation leaves anything behind for the next.
TEST_P(BitsProcess, TheOrderOfTheListDoesNotMatter) {
  const auto one_way = ScalarsOf(Evaluate({"--bits", "w8a4,w4a4,w32a4"}));
  const auto other_way = ScalarsOf(Evaluate({"--bits", "w32a4,w4a4,w8a4"}));
  EXPECT_EQ(one_way, other_way);
  EXPECT_EQ(ScalarsOf(Evaluate({"--bits", "w8a4"})).at("w8a4_loss"), one_way.at("w8a4_loss"));
}

TEST_P(BitsProcess, SensitivityIsToldForEachOfTheList) {
  const TrainerResult result = Evaluate({"--bits", "w8a4,w32a4", "--sensitivity"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  std::map<std::string, std::size_t> ranked;
  for (const TrainerEvent& event : result.Events()) {
    if (const auto* all = std::get_if<SensitivityRankingEvent>(&event)) ranked[all->bits] = all->increases.size();
  }
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_GT(ranked.at("w8a4"), ranked.at("w32a4")) << "unrounded weights are no places";
}

TEST_P(BitsProcess, NothingRoundedIsARankingWithoutPlaces) {
  const TrainerResult result = Evaluate({"--bits", "w32a32", "--sensitivity"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto ranking = std::get<SensitivityRankingEvent>(result.Events().back());
  EXPECT_TRUE(ranking.increases.empty());
  EXPECT_EQ(ranking.full_precision_perplexity, ScalarsOf(result).at("eval_perplexity"));
}

TEST_P(BitsProcess, RefusesWhatIsNoListOfBits) {
  for (const char* bad : {"w1a8", "w8a17", "W8A4", "w8a4,w8a4"}) {
    const TrainerResult result = Evaluate({"--bits", bad});
    EXPECT_EQ(result.exit_code, 2) << bad;
    EXPECT_THAT(result.errors, testing::HasSubstr("--bits: ")) << bad;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, BitsProcess, testing::Values("bits-op", "bits-pre_norm-biasall"), [](const auto& info) {
  return std::string(info.param) == "bits-op" ? std::string("op") : std::string("pre_norm");
});

}  // namespace
}  // namespace ofsweep
