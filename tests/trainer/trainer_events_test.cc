// What a trial says on standard output.

#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/trial_config.h"
#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/safetensors.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;

class TrainerEvents : public testing::Test {
 protected:
  TrainerResult Run() {
    trial_path_ = WriteTrial(folder_, trial_);
    const TrainerResult result = RunTrainer({"train", "--config", trial_path_, "--output", folder_.path() / "out"});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result;
  }

  // The steps at which a metric was said.
  static std::vector<std::int64_t> StepsOf(const TrainerResult& result, const std::string& metric) {
    std::vector<std::int64_t> steps;
    for (const auto& [step, value] : Curve(result, metric)) steps.push_back(step);
    return steps;
  }

  static std::map<std::int64_t, double> Curve(const TrainerResult& result, const std::string& metric) {
    std::map<std::int64_t, double> curve;
    for (const TrainerEvent& event : result.Events()) {
      const auto* step = std::get_if<PointsEvent>(&event);
      if (step == nullptr) continue;
      for (const MetricPoint& point : step->points.points) {
        if (point.series.metric == metric) curve[step->points.step] = point.value;
      }
    }
    return curve;
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
  std::string trial_path_;
};

TEST_F(TrainerEvents, StartedHoldsTheResolvedConfiguration) {
  trial_["train"].erase("threads");
  trial_["train"].erase("micro_batch_size");
  const TrainerResult result = Run();
  const auto started = std::get<StartedEvent>(result.Events().at(0));
  std::vector<Problem> problems;
  EXPECT_EQ(started.config_hash, ConfigHash(ParseTrialJson(trial_.dump(), trial_path_, problems)));
  EXPECT_EQ(started.device, "cpu");
  EXPECT_EQ(started.tokens_per_step, 4 * 8);
  EXPECT_EQ(started.resumed_from, std::nullopt);
  EXPECT_EQ(started.config["train.precision"], "fp32");
  EXPECT_EQ(started.config["train.micro_batch_size"], 4);
  EXPECT_GE(started.config["train.threads"].get<int>(), 1);
}

TEST_F(TrainerEvents, TheValidationLossIsOfTheSameTokensWhateverTheBatchIs) {
  trial_["data"]["validation_fraction"] = 0.5;  // 79 windows
  trial_["train"]["steps"] = 5;
  trial_["optimizer"]["learning_rate"] = 1e-12;  // the weights stay what they are
  std::vector<double> losses;
  for (const int batch_size : {1, 3, 16}) {
    trial_["train"]["batch_size"] = batch_size;
    trial_["train"]["micro_batch_size"] = 1;
    losses.push_back(Curve(Run(), "eval_loss").at(5));
  }
  EXPECT_NEAR(losses[1], losses[0], 1e-6);
  EXPECT_NEAR(losses[2], losses[0], 1e-6);
}

TEST_F(TrainerEvents, MeasuresAtTheRhythmAskedForAndAtTheLastStep) {
  trial_["measure"]["every"] = 10;
  const TrainerResult result = Run();
  for (const char* metric : {"train_loss", "gradient_norm", "learning_rate", "tokens_per_second", "kurtosis"}) {
    EXPECT_THAT(StepsOf(result, metric), ElementsAre(0, 10, 20, 23)) << metric;
  }
  EXPECT_THAT(StepsOf(result, "eval_loss"), ElementsAre(5, 10, 15, 20, 24));
  EXPECT_EQ(std::get<AttemptEnd>(result.Events().back()).step, 24);
}

TEST_F(TrainerEvents, TokensAndSecondsCountUp) {
  std::int64_t step = -1;
  double seconds = 0;
  for (const TrainerEvent& event : Run().Events()) {
    const auto* points = std::get_if<PointsEvent>(&event);
    if (points == nullptr) continue;
    EXPECT_EQ(points->points.tokens, points->points.step * 32);
    EXPECT_GE(points->points.step, step);
    EXPECT_GE(points->points.seconds, seconds);
    step = points->points.step;
    seconds = points->points.seconds;
  }
}

TEST_F(TrainerEvents, PhasesTellWhatTheTimeWentInto) {
  trial_["measure"]["every"] = 10;
  trial_["train"]["checkpoint_every"] = 12;
  std::map<TrainerPhase, PhaseTime> all;
  double seconds = 0;
  for (const TrainerEvent& event : Run().Events()) {
    const auto* points = std::get_if<PointsEvent>(&event);
    if (points == nullptr) continue;
    seconds = points->points.seconds;
    for (const PhaseTime& phase : points->phases) {
      EXPECT_GT(phase.times, 0);
      EXPECT_GT(phase.seconds, 0);
      all[phase.phase].times += phase.times;
      all[phase.phase].seconds += phase.seconds;
    }
  }
  EXPECT_EQ(all[TrainerPhase::kTrain].times, 20);
  EXPECT_EQ(all[TrainerPhase::kMeasure].times, 4);   // 0, 10, 20, 23
  EXPECT_EQ(all[TrainerPhase::kEvaluate].times, 5);  // 5, 10, 15, 20, 24
  EXPECT_EQ(all[TrainerPhase::kCheckpoint].times, 2);
  EXPECT_NEAR(all[TrainerPhase::kTrain].seconds + all[TrainerPhase::kMeasure].seconds, seconds, 1e-3);
}

// Evaluations and checkpoints lie between the measured steps, and do not count.
TEST_F(TrainerEvents, TokensPerSecondAreThoseOfAllStepsSinceTheLastMeasurement) {
  trial_["measure"]["every"] = 10;
  std::int64_t steps = 0;
  double seconds = 0;
  for (const TrainerEvent& event : Run().Events()) {
    const auto* points = std::get_if<PointsEvent>(&event);
    if (points == nullptr) continue;
    for (const MetricPoint& point : points->points.points) {
      if (point.series.metric != "tokens_per_second") continue;
      const auto tokens = static_cast<double>(32 * (points->points.step + 1 - steps));
      EXPECT_NEAR(point.value * (points->points.seconds - seconds), tokens, 1e-6 * tokens) << points->points.step;
      steps = points->points.step + 1;
      seconds = points->points.seconds;
    }
  }
  EXPECT_EQ(steps, 24);
}

TEST_F(TrainerEvents, MicroBatchesDoNotChangeTheResult) {
  trial_["model"]["dropout"] = 0;
  trial_["train"]["precision"] = "fp64";
  const auto halves = Curve(Run(), "gradient_norm");
  trial_["train"]["micro_batch_size"] = 4;
  const auto whole = Curve(Run(), "gradient_norm");
  for (const auto& [step, value] : whole) EXPECT_NEAR(halves.at(step), value, 1e-9 * value) << step;
}

TEST_F(TrainerEvents, EvaluateRepeatsTheEvaluationOfACheckpoint) {
  const auto trained = Curve(Run(), "eval_loss");
  const TrainerResult evaluated = RunTrainer(
      {"evaluate", "--config", trial_path_, "--checkpoint", folder_.path() / "out/checkpoint-000000024.safetensors"});
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.errors;
  const auto again = Curve(evaluated, "eval_loss");
  EXPECT_THAT(StepsOf(evaluated, "eval_perplexity"), ElementsAre(24));
  EXPECT_EQ(again.at(24), trained.at(24));
  EXPECT_DOUBLE_EQ(Curve(evaluated, "eval_perplexity").at(24), std::exp(again.at(24)));
}

// `auto` depends on the machine: bf16 beside a GPU, fp32 elsewhere.
TEST_F(TrainerEvents, ACheckpointIsEvaluatedInThePrecisionThatItWasTrainedIn) {
  trial_["train"]["precision"] = "bf16";
  const double trained = Curve(Run(), "eval_loss").at(24);
  trial_["train"].erase("precision");
  const TrainerResult evaluated = RunTrainer({"evaluate", "--config", WriteTrial(folder_, trial_), "--checkpoint",
                                              folder_.path() / "out/checkpoint-000000024.safetensors"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.errors;
  EXPECT_EQ(Curve(evaluated, "eval_loss").at(24), trained);
}

TEST_F(TrainerEvents, Int8ComesAtTheEndWithEveryGrid) {
  trial_["evaluate"]["int8"] = true;
  const TrainerResult result = Run();
  EXPECT_THAT(StepsOf(result, "int8_loss"), ElementsAre(24));
  const double loss = Curve(result, "int8_loss").at(24);
  EXPECT_DOUBLE_EQ(Curve(result, "int8_perplexity").at(24), std::exp(loss));
  EXPECT_NEAR(loss, Curve(result, "eval_loss").at(24), 0.05);  // a tiny model without outliers quantises well

  std::set<std::string> places;
  for (const TrainerEvent& event : result.Events()) {
    if (const auto* quantizer = std::get_if<QuantizerEvent>(&event)) {
      EXPECT_EQ(quantizer->step, 24);
      places.insert(quantizer->fields["place"].get<std::string>());
    }
  }
  EXPECT_THAT(places,
              testing::IsSupersetOf({"embed.token.weight", "blocks.1.mlp.down.weight", "blocks.0.attn.scores"}));

  const TrainerResult evaluated = RunTrainer({"evaluate", "--config", trial_path_, "--int8", "--checkpoint",
                                              folder_.path() / "out/checkpoint-000000024.safetensors"});
  EXPECT_EQ(Curve(evaluated, "int8_loss").at(24), loss);
}

TEST_F(TrainerEvents, OneTrainingServesEveryRoundingOfItsList) {
  trial_["evaluate"]["int8"] = true;
  trial_["evaluate"]["bits"] = {"w8a4", "w8a8"};
  const TrainerResult result = Run();
  for (const char* metric : {"w8a4_loss", "w8a4_perplexity", "w8a8_loss"}) {
    EXPECT_THAT(StepsOf(result, metric), ElementsAre(24)) << metric;
  }
  EXPECT_EQ(Curve(result, "w8a8_loss").at(24), Curve(result, "int8_loss").at(24));
  EXPECT_NE(Curve(result, "w8a4_loss").at(24), Curve(result, "int8_loss").at(24));

  const TrainerResult evaluated = RunTrainer(
      {"evaluate", "--config", trial_path_, "--checkpoint", folder_.path() / "out/checkpoint-000000024.safetensors"});
  EXPECT_EQ(Curve(evaluated, "w8a4_loss").at(24), Curve(result, "w8a4_loss").at(24));
}

TEST_F(TrainerEvents, ALossThatRunsAwayIsAResult) {
  trial_["optimizer"]["learning_rate"] = 1000;
  trial_["train"]["steps"] = 200;
  trial_["evaluate"]["every"] = 1000;
  const TrainerResult result = Run();
  const auto finished = std::get<AttemptEnd>(result.Events().back());
  EXPECT_EQ(finished.outcome, AttemptOutcome::kDiverged);
  EXPECT_LT(finished.step, 200);
  EXPECT_EQ(Curve(result, "train_loss").rbegin()->first, finished.step);
}

// Each update multiplies the weights by 10⁵: the gradients of what one update leaves are finite, the loss of what two
// leave is not, for a norm squares the residual stream, which two matrices in a row have made.
class TrainerDiverges : public TrainerEvents {
 protected:
  TrainerDiverges() {
    trial_["optimizer"]["learning_rate"] = 1000;
    trial_["optimizer"]["weight_decay"] = 100;
    trial_["schedule"] = {{"kind", "constant"}, {"warmup_fraction", 0}};
    trial_["train"]["steps"] = 6;
  }

  static AttemptEnd EndOf(const TrainerResult& result) { return std::get<AttemptEnd>(result.Events().back()); }
};

TEST_F(TrainerDiverges, AtTheStepWhoseNumbersShowItWhichIsMeasured) {
  trial_["measure"]["every"] = 100;
  const TrainerResult result = Run();
  const AttemptEnd end = EndOf(result);
  EXPECT_EQ(end.outcome, AttemptOutcome::kDiverged);
  EXPECT_EQ(end.message, diverged_reasons::kTrainLoss);
  EXPECT_THAT(StepsOf(result, "kurtosis"), testing::Contains(end.step))
      << "else kurtosis_max were that of the initial weights";
}

TEST_F(TrainerDiverges, AtTheEvaluationAfterTheLastUpdate) {
  trial_["train"]["steps"] = 2;
  const TrainerResult result = Run();
  const AttemptEnd end = EndOf(result);
  EXPECT_EQ(end.outcome, AttemptOutcome::kDiverged);
  EXPECT_EQ(end.message, diverged_reasons::kEvaluation);
  EXPECT_EQ(end.step, 2);
  EXPECT_THAT(StepsOf(result, "kurtosis"), testing::Contains(2));
}

TEST_F(TrainerDiverges, AfterTheLastUpdateWhereNothingIsEvaluated) {
  trial_["train"]["steps"] = 2;
  trial_["data"]["validation_fraction"] = 0;
  const AttemptEnd end = EndOf(Run());
  EXPECT_EQ(end.outcome, AttemptOutcome::kDiverged);
  EXPECT_EQ(end.message, diverged_reasons::kTrainLoss);
}

TEST_F(TrainerDiverges, AtAnEvaluationInBetween) {
  trial_["evaluate"]["every"] = 2;
  const AttemptEnd end = EndOf(Run());
  EXPECT_EQ(end.outcome, AttemptOutcome::kDiverged);
  EXPECT_EQ(end.message, diverged_reasons::kEvaluation);
  EXPECT_EQ(end.step, 2);
}

TEST_F(TrainerEvents, MeasurePrintsEveryMatrixOfAFile) {
  const TrainerResult result =
      RunTrainer({"measure", OFSWEEP_SOURCE_DIR "/tests/reference/training/pre_norm-adam/init.safetensors"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const auto points = std::get<PointsEvent>(result.Events().at(0)).points;
  EXPECT_EQ(points.step, 0);
  double kurtosis = 0;
  for (const MetricPoint& point : points.points) {
    EXPECT_NE(point.series.site, "final_norm.weight");
    if (point.series == Series{"kurtosis", std::nullopt, "embed.token.weight"}) kurtosis = point.value;
  }
  EXPECT_GE(kurtosis, 1);
  EXPECT_LE(kurtosis, 16);
}

// Activations of any model, as people dump them: the same values in every precision give the same statistics.
TEST_F(TrainerEvents, MeasurePrintsEveryStatisticOfDumpedActivations) {
  at::Tensor one_neuron = at::ones({12, 768});
  one_neuron.select(1, 5).fill_(10);
  at::Tensor with_nan = at::ones({3, 4});
  with_nan[1][2] = std::nan("");
  std::vector<NamedTensor> dump = {{"nan", with_nan}, {"bias", at::ones({4})}, {"ids", at::ones({2, 2}, at::kLong)}};
  const std::map<std::string, at::ScalarType> precisions = {
      {"bf16", at::kBFloat16}, {"fp16", at::kHalf}, {"fp32", at::kFloat}, {"fp64", at::kDouble}};
  for (const auto& [name, dtype] : precisions) dump.push_back({name, one_neuron.to(dtype)});
  const std::filesystem::path file = folder_.path() / "activations.safetensors";
  ASSERT_TRUE(WriteSafetensors(file, dump, {}).ok());

  const TrainerResult result = RunTrainer({"measure", file});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const StepPoints points = std::get<PointsEvent>(result.Events().at(0)).points;
  std::map<std::string, std::map<std::string, double>> measured;
  for (const MetricPoint& point : points.points) {
    measured[point.series.site][point.series.metric] = point.value;
  }
  ASSERT_EQ(measured.size(), precisions.size() + 1);
  EXPECT_TRUE(std::isnan(measured["nan"]["max_abs"]));
  const std::map<std::string, double> expected = {
      {"kurtosis", 11.000634570946229},
      {"kurtosis_centred", 766.0013037809654},
      {"mmr", 767},
      {"mmr_left_out", 0},
      {"mmr_uncentred", 10},
      {"mmr_uncentred_left_out", 0},
      {"rms", std::sqrt(867.0 / 768)},
      {"max_abs", 10},
      {"feature_corr_rms", std::sqrt((2 * 767 * 767.0 * 767 + 767 * 766) / (768 * 767)) / 767},
      {"token_corr_mean", 1},
      {"token_corr_rms", 1},
      {"massive_activations", 0}};
  for (const auto& [name, dtype] : precisions) {
    ASSERT_EQ(measured[name].size(), expected.size()) << name;
    for (const auto& [metric, value] : expected) {
      EXPECT_NEAR(measured[name][metric], value, 1e-4 * value) << name << " " << metric;
    }
  }
}

}  // namespace
}  // namespace ofsweep
