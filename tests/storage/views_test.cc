// The SQL views: the contract with notebooks, Grafana and everybody who opens the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

MetricPoint Scalar(const char* metric, double value) {
  return {{metric, std::nullopt, ""}, value};
}
MetricPoint Block(const char* metric, int layer, double value) {
  return {{metric, layer, "block"}, value};
}

class ViewsTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  std::unique_ptr<Store> store_ = OpenStore(path_);

  void Append(const std::string& trial, const std::vector<StepPoints>& steps) {
    Must(store_->AppendPoints({trial}, 0, ColumnsOf(steps)).get());
  }
  std::vector<std::string> Query(const std::string& sql) { return Sql(path_, sql); }
};

TEST_F(ViewsTest, TheColumnsAreThoseOfTheContract) {
  const auto columns = [&](const std::string& view) {
    return Query("SELECT group_concat(name, ' ') FROM pragma_table_info('" + view + "')").at(0);
  };
  EXPECT_EQ(
      columns("results"),
      "sweep arm trial_id config_hash state block optimizer learning_rate seed attempts steps tokens train_loss "
      "eval_loss eval_perplexity int8_perplexity w8a5_perplexity w8a4_perplexity w4a4_perplexity kurtosis_mean "
      "kurtosis_max kurtosis_peak mmr_max wall_seconds worker started_at finished_at failure_class failure_message "
      "outcome_reason diverged_step");
  EXPECT_EQ(columns("provenance"),
            "sweep trial_id generation file spec_sha256 coordinator_revision trainer_revision worker host device "
            "precision threads data_fingerprint");
  EXPECT_EQ(columns("params"), "trial_id key value");
  EXPECT_EQ(columns("curves"), "trial_id step metric layer site value");
  EXPECT_EQ(columns("metrics"), "trial_id metric site layer aggregate step value");
  EXPECT_EQ(columns("ablation"),
            "sweep arm arm_keys block optimizer learning_rate n diverged failed missing eval_loss_n eval_loss_mean "
            "eval_loss_std "
            "kurtosis_max_n kurtosis_max_mean kurtosis_max_std int8_perplexity_n int8_perplexity_mean "
            "int8_perplexity_std w8a4_perplexity_n w8a4_perplexity_mean w8a4_perplexity_std");
}

// Clients read the type of a view's column from the table that it is a column of.
TEST_F(ViewsTest, EveryColumnOfResultsHasAType) {
  EXPECT_THAT(Query("SELECT name FROM pragma_table_info('results') WHERE type NOT IN ('TEXT', 'INTEGER', 'REAL')"),
              testing::IsEmpty());
  EXPECT_THAT(Query("SELECT group_concat(name, ' ') FROM pragma_table_info('results') WHERE type = 'INTEGER'"),
              ElementsAre("seed attempts steps tokens diverged_step"));
}

TEST_F(ViewsTest, ProvenanceSaysWhatMadeATrialsNumbers) {
  TrialRow trial = MakeTrial("a");
  trial.config_json = R"({"train.precision":"auto","train.threads":"auto"})";
  ASSERT_TRUE(
      store_
          ->Apply({.new_sweep = NewSweep{{.name = "s", .file = "/sweeps/s.yaml", .spec_sha256 = "5a", .revision = "c0"},
                                         {trial}}})
          .get()
          .ok());
  ASSERT_TRUE(store_
                  ->Apply({.trials = {{.trial_id = "a", .state = TrialState::kRunning, .generation = 1, .worker = "w"}},
                           .attempts = {{.name = {"a", 1}, .worker = "w", .started_at = 1}}})
                  .get()
                  .ok());
  EXPECT_THAT(Query("SELECT host, device, precision, threads, data_fingerprint FROM provenance"),
              ElementsAre("NULL|NULL|NULL|NULL|NULL"))
      << "it has not begun";
  const AttemptOrigin origin{.resolved_json = R"({"train.precision":"bf16","train.threads":4})",
                             .data_fingerprint = "f1",
                             .host = "node-7",
                             .device = "H100",
                             .revision = "t0",
                             .left_out = {{"link", 2}}};
  ASSERT_TRUE(store_->Apply({.origins = {{{"a", 1}, origin}}}).get().ok());
  EXPECT_THAT(Query("SELECT * FROM provenance"), ElementsAre("s|a|1|/sweeps/s.yaml|5a|c0|t0|w|node-7|H100|bf16|4|f1"));
  EXPECT_EQ(Must(store_->ListResults("s", {}, 10, 0)).at(0).origin, origin);
  EXPECT_THAT(Query("SELECT host, left_out FROM attempts"), ElementsAre(R"(node-7|{"link":2})"));
}

TEST_F(ViewsTest, ADivergedTrialSaysWhyAndWhere) {
  InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b")});
  TrialChange change{.trial_id = "a", .state = TrialState::kDiverged, .generation = 1};
  change.diverged_reason = diverged_reasons::kTrainLoss;
  change.diverged_step = 7;
  ASSERT_TRUE(store_->Apply({.trials = {change, {.trial_id = "b", .state = TrialState::kCompleted, .generation = 1}}})
                  .get()
                  .ok());
  EXPECT_THAT(Query("SELECT trial_id, outcome_reason, diverged_step FROM results ORDER BY trial_id"),
              ElementsAre("a|train_loss is not finite|7", "b|NULL|NULL"));
}

TEST_F(ViewsTest, MetricsSayWhatEachCurveCameTo) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const auto points = [](double loss, double first, double second) -> std::vector<MetricPoint> {
    return {{{"train_loss"}, loss}, {{"rms", 0, "block"}, first}, {{"rms", 1, "block"}, second}};
  };
  Must(store_->AppendPoints({"a"}, 0, ColumnsOf({MakeStep(1, points(3, 5, kNaN)), MakeStep(2, points(kNaN, 5, kNaN))}))
           .get());
  Must(store_->AppendPoints({"a"}, 0, ColumnsOf({MakeStep(3, points(2, 4, kNaN))})).get());
  EXPECT_THAT(
      Query("SELECT metric, site, layer, aggregate, step, value FROM metrics WHERE trial_id = 'a' AND metric IN "
            "('train_loss', 'rms') ORDER BY metric DESC, layer, aggregate"),
      ElementsAre("train_loss|NULL|NULL|last|3|2.0", "train_loss|NULL|NULL|max|1|3.0", "rms|block|0|last|3|4.0",
                  "rms|block|0|max|1|5.0", "rms|block|1|last|3|NULL", "rms|block|1|max|1|NULL"));
}

// Of `c` the perplexity is of a later step; `d` has no rounding at all.
TEST_F(ViewsTest, WhatRoundingCostsIsTheDifferenceOfTwoPerplexitiesOfOneStep) {
  InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b"), MakeTrial("c"), MakeTrial("d")});
  Append("a", {MakeStep(5, {Scalar("eval_perplexity", 18.5), Scalar("w8a4_perplexity", 69.25)})});
  Append("b", {MakeStep(5, {Scalar("eval_perplexity", 18.5), Scalar("w8a4_perplexity", kNaN)})});
  Append("c", {MakeStep(5, {Scalar("eval_perplexity", 18.5), Scalar("w8a4_perplexity", 69.25)}),
               MakeStep(6, {Scalar("eval_perplexity", 17)})});
  Append("d", {MakeStep(5, {Scalar("eval_perplexity", 18.5)})});
  const auto results = Must(store_->ListResults("s", {}, 10, 0));
  EXPECT_DOUBLE_EQ(results.at(0).values.at("w8a4_perplexity_delta"), 50.75);
  EXPECT_FALSE(results.at(0).values.contains("int8_perplexity_delta"));
  EXPECT_TRUE(std::isnan(results.at(1).values.at("w8a4_perplexity_delta")));
  EXPECT_FALSE(results.at(2).values.contains("w8a4_perplexity_delta"));
  EXPECT_FALSE(results.at(3).values.contains("w8a4_perplexity_delta"));
}

// While a trial runs, and when its points are sealed.
TEST_F(ViewsTest, AnyMetricCanBeAColumnOfATable) {
  InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b")});
  const auto step = [](std::int64_t at, double first, double second) {
    return MakeStep(at, {{{"rms", 0, "block"}, first}, {{"rms", 1, "block"}, second}, {{"gradient_norm"}, first}});
  };
  Must(store_->AppendPoints({"a"}, 0, ColumnsOf({step(1, 9, 2), step(2, 3, 5)})).get());
  const auto value = [&](const char* text) { return Must(store_->ListMetric("s", *ParseMetricColumn(text))); };
  for (const bool is_sealed : {false, true}) {
    if (is_sealed) SetState(*store_, "a", TrialState::kCompleted, 5);
    EXPECT_THAT(value("rms@block.1"), ElementsAre(Pair("a", 5)));
    EXPECT_THAT(value("rms@block.mean"), ElementsAre(Pair("a", 4)));
    EXPECT_THAT(value("rms@block.max:max"), ElementsAre(Pair("a", 9)));
    EXPECT_THAT(value("rms@block.mean:max"), ElementsAre(Pair("a", 5.5)));  // of step 1; 7 is no step's mean
    EXPECT_THAT(value("gradient_norm:max"), ElementsAre(Pair("a", 9)));
    EXPECT_THAT(value("gradient_norm"), ElementsAre(Pair("a", 3)));
    EXPECT_THAT(value("kurtosis@block.max"), IsEmpty());
  }
  Must(store_->AppendPoints({"b"}, 0, ColumnsOf({step(1, kNaN, 2)})).get());
  EXPECT_THAT(value("rms@block.max"), ElementsAre(Pair("a", 5), Pair("b", testing::IsNan())));
  Must(store_->AppendPoints({"b"}, 0, ColumnsOf({step(2, 1, 3)})).get());
  EXPECT_THAT(value("rms@block.mean:max"), ElementsAre(Pair("a", 5.5), Pair("b", 2)));
}

TEST_F(ViewsTest, ATrialThatBeganAndHasNoPointsYetHasDoneNoSteps) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  Must(store_->AppendPoints({"a", 1}, 0, ColumnsOf({})).get());
  EXPECT_THAT(Query("SELECT steps, tokens, kurtosis_mean FROM results"), ElementsAre("0|0|NULL"));
  EXPECT_EQ(Must(store_->ListResults("s", {}, 10, 0)).at(0).values.at("steps"), 0);
  EXPECT_EQ(Must(store_->FindTrial("a"))->step, 0);
}

TEST_F(ViewsTest, ResultsShowATrialOnceInEverySweepThatHasIt) {
  InsertTrials(*store_, "first", {MakeTrial("a", "pre_norm", "soap", 0.003, 7)});
  InsertTrials(*store_, "second", {MakeTrial("a", "pre_norm", "soap", 0.003, 7), MakeTrial("b")});
  EXPECT_THAT(Query("SELECT sweep, trial_id, config_hash, state, block, optimizer, learning_rate, seed FROM results "
                    "ORDER BY sweep, trial_id"),
              ElementsAre("first|a|a-hash|pending|pre_norm|soap|0.003|7",
                          "second|a|a-hash|pending|pre_norm|soap|0.003|7", "second|b|b-hash|pending|op|adam|0.001|0"));
}

TEST_F(ViewsTest, ResultsOfATrialThatHasNotStartedAreNull) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  EXPECT_THAT(
      Query("SELECT attempts, steps, tokens, train_loss, eval_loss, eval_perplexity, int8_perplexity, kurtosis_mean, "
            "kurtosis_max, kurtosis_peak, mmr_max, wall_seconds, worker, started_at, finished_at, failure_class, "
            "failure_message FROM results"),
      ElementsAre("0|0|0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0.0|NULL|NULL|NULL|NULL|NULL"));
}

TEST_F(ViewsTest, ResultsNameWorkerTimesAndFailure) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const TimeMs start = 1'795'000'000'123;  // 2026-11-18
  ASSERT_TRUE(store_->Apply({.trials = {{.trial_id = "a", .state = TrialState::kRunning, .attempts = 1, .at = start}}})
                  .get()
                  .ok());
  ASSERT_TRUE(store_
                  ->Apply({.trials = {{.trial_id = "a",
                                       .state = TrialState::kFailed,
                                       .attempts = 2,
                                       .worker = "host-1",
                                       .failure_class = FailureClass::kBadData,
                                       .failure_message = "token 99 is outside the vocabulary",
                                       .added_wall_seconds = 60.5,
                                       .at = start + 60'500}}})
                  .get()
                  .ok());
  EXPECT_THAT(Query("SELECT state, attempts, wall_seconds, worker, started_at, finished_at, failure_class, "
                    "failure_message FROM results"),
              ElementsAre("failed|2|60.5|host-1|2026-11-18T11:06:40.123Z|2026-11-18T11:07:40.623Z|bad_data|"
                          "token 99 is outside the vocabulary"));
}

TEST_F(ViewsTest, ResultColumnsFollowThePointsInAnyOrderAndUnderResends) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const StepPoints early =
      MakeStep(10, {Scalar("train_loss", 5), Block("kurtosis", 0, 40), Block("kurtosis", 1, 2), Block("mmr", 0, 9)});
  const StepPoints late = MakeStep(20, {Scalar("train_loss", 4), Block("kurtosis", 0, 6), Block("mmr", 0, 3)});
  const StepPoints rest =
      MakeStep(20, {Block("kurtosis", 1, 8), Block("mmr", 1, 5), {{"kurtosis", std::nullopt, "embedding"}, 1000}});
  const StepPoints evaluation =
      MakeStep(21, {Scalar("eval_loss", 3.5), Scalar("eval_perplexity", 33.0), Scalar("int8_perplexity", 34.0),
                    Scalar("w8a5_perplexity", 36.0), Scalar("w8a4_perplexity", 48.0), Scalar("w4a4_perplexity", 52.0)});
  Append("a", {late});
  Append("a", {evaluation, rest});
  store_.reset();
  store_ = OpenStore(path_);
  Append("a", {early, late, rest, evaluation});
  Append("a", {early});
  EXPECT_THAT(
      Query("SELECT steps, tokens, train_loss, eval_loss, eval_perplexity, int8_perplexity, w8a5_perplexity, "
            "w8a4_perplexity, w4a4_perplexity, kurtosis_mean, kurtosis_max, kurtosis_peak, mmr_max FROM results"),
      ElementsAre("21|2100|4.0|3.5|33.0|34.0|36.0|48.0|52.0|7.0|8.0|40.0|5.0"));
  const ResultRow row = Must(store_->ListResults("s", {}, 10, 0)).at(0);
  EXPECT_EQ(row.trial.step, 21);
  EXPECT_EQ(row.values.at("kurtosis_mean"), 7);
  EXPECT_EQ(row.values.at("kurtosis_peak"), 40);
  EXPECT_EQ(row.values.at("tokens"), 2100);
}

TEST_F(ViewsTest, ANaNResultIsTellFromAMissingOne) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  Append("a", {MakeStep(0, {Scalar("train_loss", 5), Block("kurtosis", 0, 30), Block("kurtosis", 1, 2)}),
               MakeStep(1, {Scalar("train_loss", kNaN), Block("kurtosis", 0, 1), Block("kurtosis", 1, kNaN)})});
  EXPECT_THAT(Query("SELECT train_loss, eval_loss, kurtosis_mean, kurtosis_max, kurtosis_peak FROM results"),
              ElementsAre("NULL|NULL|NULL|NULL|30.0"));
  const std::map<std::string, double> values = Must(store_->ListResults("s", {}, 10, 0)).at(0).values;
  EXPECT_TRUE(std::isnan(values.at("train_loss")));
  EXPECT_TRUE(std::isnan(values.at("kurtosis_max")));
  EXPECT_EQ(values.at("kurtosis_peak"), 30);
  EXPECT_EQ(values.count("eval_loss"), 0u);
}

TEST_F(ViewsTest, ParamsListEveryKeyWithItsType) {
  InsertTrials(*store_, "s", {MakeTrial("a", "op", "soap", 0.0003, 2)});
  EXPECT_THAT(
      Query("SELECT key, value, typeof(value) FROM params WHERE trial_id = 'a' ORDER BY key"),
      ElementsAre("evaluate.int8|1|integer", "measure.metrics|[\"kurtosis\",\"mmr\"]|text", "model.block|op|text",
                  "optimizer.learning_rate|0.0003|real", "optimizer.name|soap|text", "seed|2|integer"));
}

TEST_F(ViewsTest, CurvesJoinRecentAndSealedPoints) {
  InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b")});
  Append("a", {MakeStep(0, {Scalar("train_loss", 2), Block("kurtosis", 3, kNaN)})});
  Append("b", {MakeStep(5, {Scalar("train_loss", 1)})});
  SetState(*store_, "a", TrialState::kCompleted);
  const std::string all =
      "SELECT * FROM curves WHERE metric NOT IN ('tokens', 'seconds') ORDER BY trial_id, step, metric";
  const auto rows =
      ElementsAre("a|0|kurtosis|3|block|NULL", "a|0|train_loss|NULL|NULL|2.0", "b|5|train_loss|NULL|NULL|1.0");
  EXPECT_THAT(Query(all), rows);
  while (Query("SELECT count(*) FROM sealed_points").at(0) == "0") {
    ASSERT_TRUE(store_->Apply({.sweeps = {{"s", SweepState::kActive}}, .at = 1}).get().ok());
  }
  EXPECT_THAT(Query(all), rows);
}

TEST_F(ViewsTest, AblationHasMeanAndSampleDeviationOverTheTrialsThatCount) {
  std::vector<TrialRow> trials;
  for (int seed = 0; seed < 5; ++seed)
    trials.push_back(MakeTrial("a" + std::to_string(seed), "op", "adam", 1e-3, seed));
  trials.push_back(MakeTrial("b0", "pre_norm", "adam", 1e-3, 0));
  trials.push_back(MakeTrial("c0", "pre_norm", "soap", 1e-3, 0));
  InsertTrials(*store_, "s", trials);
  InsertTrials(*store_, "other", {MakeTrial("a0")});
  const auto finish = [&](const std::string& id, TrialState state, double eval_loss, double kurtosis) {
    Append(id, {MakeStep(9, {Scalar("eval_loss", eval_loss), Scalar("w8a4_perplexity", 8 * eval_loss),
                             Block("kurtosis", 0, kurtosis)})});
    SetState(*store_, id, state);
  };
  finish("a0", TrialState::kCompleted, 1, 600.25);
  finish("a1", TrialState::kCompleted, 2, 600.25);
  finish("a2", TrialState::kDiverged, 4, 600.25);
  finish("a3", TrialState::kFailed, 100, 1);
  finish("b0", TrialState::kCompleted, 3, kNaN);
  EXPECT_THAT(
      Query("SELECT sweep, block, optimizer, learning_rate, n, diverged, failed, missing, round(eval_loss_mean, 6), "
            "round(eval_loss_std, 6), kurtosis_max_mean, kurtosis_max_std, int8_perplexity_mean, int8_perplexity_std, "
            "round(w8a4_perplexity_mean, 6), round(w8a4_perplexity_std, 6) FROM ablation ORDER BY sweep, block, "
            "optimizer"),
      ElementsAre("other|op|adam|0.001|1|0|0|0|1.0|NULL|600.25|NULL|NULL|NULL|8.0|NULL",
                  "s|op|adam|0.001|3|1|1|1|2.333333|1.527525|600.25|0.0|NULL|NULL|18.666667|12.220202",
                  "s|pre_norm|adam|0.001|1|0|0|0|3.0|NULL|NULL|NULL|NULL|NULL|24.0|NULL",
                  "s|pre_norm|soap|0.001|0|0|0|1|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL"));
}

// Five epsilons of one block, optimizer and learning rate are five arms, not one cell of fifteen trials.
TEST_F(ViewsTest, AblationHasARowForEachArmWhateverTheSweepVaries) {
  std::vector<TrialRow> trials;
  for (const char* epsilon : {"1e-08", "0.0001"}) {
    for (int seed = 0; seed < 3; ++seed) {
      TrialRow& trial = trials.emplace_back(MakeTrial(epsilon + std::to_string(seed), "op", "adam", 1e-3, seed));
      trial.arm = {.keys_json = std::string("{\"optimizer.epsilon\":") + epsilon + "}",
                   .label = std::string("optimizer.epsilon=") + epsilon};
    }
  }
  InsertTrials(*store_, "s", trials);
  for (const TrialRow& trial : trials) {
    Append(trial.trial_id, {MakeStep(9, {Scalar("eval_loss", trial.trial_id.starts_with("1e-08") ? 3 : 2)})});
    SetState(*store_, trial.trial_id, TrialState::kCompleted);
  }
  EXPECT_THAT(
      Query("SELECT arm, arm_keys ->> '$.\"optimizer.epsilon\"', n, eval_loss_mean, eval_loss_std FROM ablation"),
      ElementsAre("optimizer.epsilon=1e-08|1.0e-08|3|3.0|0.0", "optimizer.epsilon=0.0001|0.0001|3|2.0|0.0"));
  EXPECT_EQ(Must(store_->ListResults("s", {}, 10, 0)).at(5).trial.arm.label, "optimizer.epsilon=0.0001");
}

TEST_F(ViewsTest, AnInfiniteResultMakesTheMeanInfiniteAndHasNoDeviation) {
  InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b")});
  Append("a", {MakeStep(9, {Scalar("w8a4_perplexity", std::numeric_limits<double>::infinity())})});
  Append("b", {MakeStep(9, {Scalar("w8a4_perplexity", 8)})});
  for (const char* id : {"a", "b"}) SetState(*store_, id, TrialState::kCompleted);
  EXPECT_THAT(Query("SELECT w8a4_perplexity_n, w8a4_perplexity_mean, w8a4_perplexity_std FROM ablation"),
              ElementsAre("2|Inf|NULL"));
}

// A trial that diverged has no validation loss, and `ofsweep evaluate` may have come to some trials only.
TEST_F(ViewsTest, AblationCountsTheTrialsThatAMeanIsOf) {
  InsertTrials(*store_, "s", {MakeTrial("a0"), MakeTrial("a1"), MakeTrial("a2"), MakeTrial("a3")});
  Append("a0", {MakeStep(9, {Scalar("eval_loss", 1), Scalar("w8a4_perplexity", 8), Block("kurtosis", 0, 2)})});
  Append("a1", {MakeStep(9, {Scalar("eval_loss", kNaN), Block("kurtosis", 0, 2)})});
  Append("a2", {MakeStep(3, {Block("kurtosis", 0, 2)})});
  for (const char* id : {"a0", "a1"}) SetState(*store_, id, TrialState::kCompleted);
  for (const char* id : {"a2", "a3"}) SetState(*store_, id, TrialState::kDiverged);
  EXPECT_THAT(Query("SELECT n, eval_loss_n, eval_loss_mean, kurtosis_max_n, kurtosis_max_mean, int8_perplexity_n, "
                    "int8_perplexity_mean, w8a4_perplexity_n, w8a4_perplexity_mean, w8a4_perplexity_std FROM ablation"),
              ElementsAre("4|2|NULL|3|2.0|0|NULL|1|8.0|NULL"));
}

TEST_F(ViewsTest, CommonQueriesUseIndexes) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  for (const char* query : {
           "SELECT * FROM results WHERE trial_id = 'a'",
           "SELECT * FROM results WHERE sweep = 's'",
           "SELECT * FROM params WHERE trial_id = 'a'",
           "SELECT step, value FROM curves WHERE trial_id = 'a' AND metric = 'kurtosis'",
           "SELECT step, value FROM curves WHERE trial_id = 'a' AND metric = 'kurtosis' AND layer = 1 ORDER BY step",
           ("SELECT r.block, c.step, c.value FROM results r JOIN curves c ON c.trial_id = r.trial_id "
            "WHERE r.sweep = 's' AND c.metric = 'kurtosis'"),
       }) {
    const std::string plan = QueryPlan(path_, query);
    for (const char* table : {"sweeps", "sweep_trials", "arms", "trials", "trial_results", "trial_configs", "series",
                              "recent_points", "sealed_points"}) {
      EXPECT_THAT(plan, Not(HasSubstr(std::string("SCAN ") + table))) << query;
    }
  }
  EXPECT_THAT(QueryPlan(path_, "SELECT step, value FROM curves WHERE trial_id = 'a' AND metric = 'kurtosis'"),
              HasSubstr("SEARCH sealed_points USING PRIMARY KEY (trial=? AND series=?)"));
  // Of a named trial its points are read, not those of all trials.
  EXPECT_THAT(QueryPlan(path_, "SELECT * FROM metrics WHERE trial_id = 'a'"),
              AllOf(HasSubstr("SEARCH trials"), Not(HasSubstr("SCAN trials"))));
  EXPECT_THAT(QueryPlan(path_, "SELECT * FROM ablation WHERE sweep = 's'"),
              HasSubstr("SEARCH sweep_trials USING PRIMARY KEY (sweep=?)"));
}

}  // namespace
}  // namespace ofsweep
