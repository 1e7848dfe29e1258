#include "coordinator/ablation_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "storage/result_columns.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

ResultRow Trial(const std::string& block, double rate, int seed, TrialState state,
                std::map<std::string, double> values = {}) {
  ResultRow row;
  row.trial.trial_id = block + std::to_string(rate) + " " + std::to_string(seed);
  row.trial.state = state;
  row.trial.config_json = R"({"model.block":")" + block + R"(","optimizer.learning_rate":)" + std::to_string(rate) +
                          R"(,"seed":)" + std::to_string(seed) + "}";
  row.trial.arm.keys_json =
      R"({"model.block":")" + block + R"(","optimizer.learning_rate":)" + std::to_string(rate) + "}";
  row.values = std::move(values);
  row.values["seed"] = seed;
  return row;
}

AblationTable BuildAblationTable(const std::vector<ResultRow>& trials, const AblationQuery& query) {
  std::vector<std::string> varied;
  for (const ResultRow& row : trials) {
    const auto arm = nlohmann::json::parse(row.trial.arm.keys_json);
    for (const auto& [key, value] : arm.items()) {
      if (std::find(varied.begin(), varied.end(), key) == varied.end()) varied.push_back(key);
    }
  }
  AblationBuilder builder(query, varied);
  builder.BeginSweep("s", [](const ResultRow& row) { return row.trial.config_json; });
  for (const ResultRow& trial : trials) builder.Add(trial);
  return builder.Build();
}

std::vector<AblationCell> CellsOf(const std::vector<ResultRow>& trials, const AblationQuery& query) {
  return BuildAblationTable(trials, query).cells;
}

TEST(AblationTable, CellsHaveMeanAndSampleStandardDeviationInTheSweepsOrder) {
  const std::vector<ResultRow> trials = {Trial("pre_norm", 0.001, 0, TrialState::kCompleted, {{"kurtosis_max", 10}}),
                                         Trial("op", 0.001, 0, TrialState::kCompleted, {{"kurtosis_max", 1}}),
                                         Trial("pre_norm", 0.001, 1, TrialState::kCompleted, {{"kurtosis_max", 14}}),
                                         Trial("op", 0.001, 1, TrialState::kPending)};
  const auto table =
      CellsOf(trials, {.rows = {"model.block"}, .cols = {"optimizer.learning_rate"}, .metrics = {"kurtosis_max"}});
  ASSERT_EQ(table.size(), 2);
  EXPECT_THAT(table[0].row_values, ElementsAre("pre_norm"));
  EXPECT_THAT(table[0].col_values, ElementsAre("0.001"));
  EXPECT_EQ(table[0].outcomes.trials, 2);
  EXPECT_DOUBLE_EQ(*table[0].statistics[0].mean, 12);
  EXPECT_DOUBLE_EQ(*table[0].statistics[0].standard_deviation, std::sqrt(8));
  EXPECT_THAT(table[1].row_values, ElementsAre("op"));
  EXPECT_EQ(table[1].outcomes.trials, 1);
  EXPECT_EQ(table[1].outcomes.missing, 1);
  EXPECT_DOUBLE_EQ(*table[1].statistics[0].mean, 1);
  EXPECT_FALSE(table[1].statistics[0].standard_deviation.has_value());
}

// Of seed 2 the baseline has none, of seed 3 the other.
TEST(AblationTable, ACellIsComparedWithTheBaselineSeedBySeed) {
  std::vector<ResultRow> trials;
  for (int seed = 0; seed < 3; ++seed) {
    trials.push_back(Trial("op", 0.001, seed, TrialState::kCompleted, {{"kurtosis_max", 2.0 + seed}}));
  }
  for (const int seed : {0, 1, 3}) {
    trials.push_back(Trial("pre_norm", 0.001, seed, TrialState::kCompleted, {{"kurtosis_max", 10.0 + 3 * seed}}));
  }
  const AblationQuery query{
      .rows = {"model.block"}, .metrics = {"kurtosis_max"}, .baseline = {{"model.block", "pre_norm"}}};
  const auto cells = CellsOf(trials, query);
  ASSERT_EQ(cells.size(), 2);
  const CellStatistic& op = cells[0].statistics[0];
  ASSERT_TRUE(op.difference.has_value());
  EXPECT_EQ(op.difference->pairs, 2u);
  EXPECT_DOUBLE_EQ(*op.difference->mean, -9);  // 2 - 10 and 3 - 13
  EXPECT_DOUBLE_EQ(*op.difference->low, -10);
  EXPECT_DOUBLE_EQ(*op.difference->high, -8);
  EXPECT_FALSE(op.adjusted_p.has_value()) << "two pairs say nothing";
  EXPECT_FALSE(cells[1].statistics[0].difference.has_value()) << "the baseline itself";
  EXPECT_DOUBLE_EQ(*op.median, 3);
}

TEST(AblationTable, WhatIsNamedTwiceIsRefused) {
  const auto fields = [](const AblationQuery& query) {
    std::vector<std::string> fields;
    for (const Problem& problem : CheckAblationQuery(query)) fields.push_back(problem.key);
    return fields;
  };
  EXPECT_THAT(fields({.rows = {"model.block"}, .metrics = {"eval_loss", "mmr_max", "eval_loss"}}),
              ElementsAre("metrics"));
  EXPECT_THAT(fields({.rows = {"model.block", "model.block"}}), ElementsAre("rows"));
  EXPECT_THAT(fields({.rows = {"model.block"}, .cols = {"seed", "model.block"}}), ElementsAre("cols"));
}

// With rates as columns each column has its own; a rate is read as a sweep file's.
TEST(AblationTable, TheOtherKeysOfACellAreThoseOfItsBaseline) {
  std::vector<ResultRow> trials;
  for (int seed = 0; seed < 6; ++seed) {
    for (const double rate : {0.001, 0.002}) {
      for (const char* block : {"pre_norm", "op"}) {
        const double value = rate * 1000 + (block == std::string("op") ? -1 : 0) + 0.01 * seed;
        trials.push_back(
            Trial(block, rate, seed, TrialState::kCompleted, {{"kurtosis_max", value}, {"eval_loss", -value}}));
      }
    }
  }
  AblationQuery query{.rows = {"model.block"},
                      .cols = {"optimizer.learning_rate"},
                      .metrics = {"kurtosis_max"},
                      .baseline = {{"model.block", "pre_norm"}}};
  for (const AblationCell& cell : CellsOf(trials, query)) {
    const auto& statistic = cell.statistics[0];
    if (cell.row_values[0] == "pre_norm") continue;
    EXPECT_NEAR(*statistic.difference->mean, -1, 1e-12);
    EXPECT_DOUBLE_EQ(*statistic.difference->p, 2.0 / 64);
    EXPECT_DOUBLE_EQ(*statistic.adjusted_p, 4.0 / 64) << "two tests";
  }
  query.metrics.emplace_back("eval_loss");
  for (const AblationCell& cell : CellsOf(trials, query)) {
    if (cell.row_values[0] == "pre_norm") continue;
    for (const CellStatistic& statistic : cell.statistics) {
      EXPECT_DOUBLE_EQ(*statistic.adjusted_p, 8.0 / 64) << "four tests, of two metrics";
    }
  }
  query.metrics.pop_back();
  query.baseline = {{"optimizer.learning_rate", "1e-3"}};
  for (const AblationCell& cell : CellsOf(trials, query)) {
    EXPECT_EQ(cell.statistics[0].difference.has_value(), cell.col_values[0] == "0.002");
  }
}

TEST(AblationTable, ADivergedSeedMakesTheDifferenceNaN) {
  std::vector<ResultRow> trials;
  for (int seed = 0; seed < 6; ++seed) {
    trials.push_back(Trial("op", 0.001, seed, TrialState::kCompleted, {{"kurtosis_max", seed == 3 ? NAN : 1.0}}));
    trials.push_back(Trial("pre_norm", 0.001, seed, TrialState::kCompleted, {{"kurtosis_max", 2}}));
  }
  const auto cells = CellsOf(
      trials, {.rows = {"model.block"}, .metrics = {"kurtosis_max"}, .baseline = {{"model.block", "pre_norm"}}});
  const PairedDifference& difference = *cells[0].statistics[0].difference;
  EXPECT_TRUE(std::isnan(*difference.mean));
  EXPECT_FALSE(difference.low.has_value());
  EXPECT_FALSE(difference.p.has_value());
}

// Of one trial, that was begun on a GPU and goes on on a CPU.
TEST(AblationTable, ACellOfATrialThatTwoMachinesTrainedIsMixed) {
  ResultRow trial = Trial("op", 0.001, 0, TrialState::kCompleted, {{"kurtosis_max", 1}});
  trial.origin = {.resolved_json = R"({"train.precision":"fp32"})", .device = "EPYC", .revision = "abc"};
  const AblationQuery query{.rows = {"model.block"}, .metrics = {"kurtosis_max"}};
  EXPECT_THAT(CellsOf({trial}, query)[0].mixed, IsEmpty());
  trial.earlier_origins = {trial.origin};
  EXPECT_THAT(CellsOf({trial}, query)[0].mixed, IsEmpty());
  trial.earlier_origins = {{.resolved_json = R"({"train.precision":"bf16"})", .device = "A100", .revision = "def"}};
  EXPECT_THAT(CellsOf({trial}, query)[0].mixed,
              testing::UnorderedElementsAre("device", "train.precision", "trainer_revision"));
}

TEST(AblationTable, ABaselineThatIsNotThereIsNamed) {
  const std::vector<ResultRow> trials = {Trial("op", 0.001, 0, TrialState::kCompleted, {{"kurtosis_max", 1}})};
  AblationQuery query{.rows = {"model.block"}, .metrics = {"kurtosis_max"}, .baseline = {{"model.block", "post_norm"}}};
  const auto problems = BuildAblationTable(trials, query).problems;
  ASSERT_EQ(problems.size(), 1);
  EXPECT_NE(ToText(problems[0]).find("op"), std::string::npos);
  query.baseline = {{"optimizer.name", "adam"}};
  EXPECT_EQ(CheckAblationQuery(query).at(0).key, "baseline");
}

// The names stand in the schema and in storage/result_columns.h; a table may average what the view has.
TEST(AblationTable, MetricsAreTheNumericColumnsOfTheViewThatAreNoTrialKeys) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  const auto store = OpenStore(path);
  InsertTrials(*store, "s", {MakeTrial("t")});
  StepPoints points = MakeStep(1, {{{"kurtosis", 0, "block"}, 2}, {{"mmr", 0, "block"}, 3}});
  for (const char* scalar : kLastValueColumns) points.points.push_back({{scalar}, 1});
  Must(store->AppendPoints({"t"}, 0, ColumnsOf({points})).get());
  std::vector<std::string> numeric;
  for (const std::string& name : Sql(path, "SELECT name FROM pragma_table_info('results')")) {
    const std::string type = Sql(path, "SELECT typeof(" + name + ") FROM results").at(0);
    if (type == "real" || type == "integer") numeric.push_back(name);
  }
  std::vector<std::string> expected;
  for (const ResultNumber& number : kResultNumbers) {
    if (number.of != ResultOf::kIncrease) expected.emplace_back(number.name);
  }
  expected.insert(expected.end(), {"learning_rate", "seed"});
  EXPECT_THAT(numeric, UnorderedElementsAreArray(expected));
}

TEST(AblationTable, DefaultMetricsShowEachRoundingThatATrialHas) {
  std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kCompleted)};
  EXPECT_THAT(BuildAblationTable(trials, {}).metrics, ElementsAre("eval_loss", "kurtosis_max", "eval_perplexity"));
  for (const ResultNumber& number : kResultNumbers) trials[0].values[number.name] = 1;
  EXPECT_THAT(BuildAblationTable(trials, {}).metrics,
              ElementsAre("eval_loss", "kurtosis_max", "eval_perplexity", "int8_perplexity", "w8a5_perplexity",
                          "w8a4_perplexity", "w4a4_perplexity"));
}

TEST(AblationTable, DivergedTrialsCountAndUnfinishedOnesAreCountedApart) {
  const std::vector<ResultRow> trials = {
      Trial("op", 1, 0, TrialState::kDiverged, {{"eval_loss", 9}}), Trial("op", 1, 1, TrialState::kCompleted),
      Trial("op", 1, 2, TrialState::kFailed, {{"eval_loss", 1}}), Trial("op", 1, 3, TrialState::kCancelled),
      Trial("op", 1, 4, TrialState::kRunning, {{"eval_loss", 2}})};
  const auto table = CellsOf(trials, {.rows = {"model.block"}, .metrics = {"eval_loss"}});
  ASSERT_EQ(table.size(), 1);
  EXPECT_EQ(table[0].outcomes.trials, 2);
  EXPECT_EQ(table[0].outcomes.diverged, 1);
  EXPECT_EQ(table[0].outcomes.failed, 1);
  EXPECT_EQ(table[0].outcomes.missing, 2);
  EXPECT_EQ(table[0].statistics[0].count, 1);
  EXPECT_DOUBLE_EQ(*table[0].statistics[0].mean, 9);
}

TEST(AblationTable, DroppedDivergedTrialsAreCountedAndNotAveraged) {
  const std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kDiverged, {{"eval_loss", 9}}),
                                         Trial("op", 1, 1, TrialState::kCompleted, {{"eval_loss", 3}})};
  const auto table = CellsOf(trials, {.rows = {"model.block"}, .metrics = {"eval_loss"}, .drop_diverged = true});
  EXPECT_EQ(table.at(0).outcomes.trials, 1);
  EXPECT_EQ(table[0].outcomes.diverged, 1);
  EXPECT_DOUBLE_EQ(*table[0].statistics[0].mean, 3);
}

TEST(AblationTable, AKeyThatDiffersWithinACellIsAProblemUntilItIsPooled) {
  const std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kCompleted),
                                         Trial("op", 2, 0, TrialState::kPending),
                                         Trial("op", 1, 1, TrialState::kCompleted)};
  AblationQuery query{.rows = {"model.block"}, .metrics = {"eval_loss"}};
  const AblationTable table = BuildAblationTable(trials, query);
  EXPECT_THAT(table.pooled, ElementsAre("optimizer.learning_rate", "seed"));
  ASSERT_EQ(table.problems.size(), 1u);
  EXPECT_EQ(table.problems[0].key, "pool");
  EXPECT_THAT(table.problems[0].message, ::testing::HasSubstr("optimizer.learning_rate"));
  query.pool = {"optimizer.learning_rate"};
  EXPECT_TRUE(BuildAblationTable(trials, query).problems.empty());
  query.pool = {};
  query.cols = {"optimizer.learning_rate"};
  EXPECT_TRUE(BuildAblationTable(trials, query).problems.empty());
}

// Of keys that advance together one tells the others, as far as it can.
TEST(AblationTable, WhatARowDeterminesIsNotPooled) {
  const std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kCompleted),
                                         Trial("pre_norm", 2, 0, TrialState::kCompleted)};
  EXPECT_TRUE(BuildAblationTable(trials, {.rows = {"model.block"}}).pooled.empty());
}

// Two machines made something else of the same `auto`; the sweep asked for one arm.
// Under Adam SOAP's refresh means nothing: it stands under none of its values.
TEST(AblationTable, AKeyThatIsInertHasNoValue) {
  const auto trial = [](const std::string& optimizer, int refresh) {
    ResultRow row = Trial("op", 0.001, 0, TrialState::kCompleted, {{"eval_loss", 1}});
    row.trial.arm.keys_json =
        absl::StrCat(R"({"optimizer.name":")", optimizer, R"(","optimizer.refresh_every":)", refresh, "}");
    row.trial.config_json = row.trial.arm.keys_json;
    return row;
  };
  const auto cells = CellsOf({trial("adam", 5), trial("soap", 5), trial("soap", 20)},
                             {.rows = {"optimizer.refresh_every"}, .metrics = {"eval_loss"}});
  std::vector<std::string> rows;
  for (const AblationCell& cell : cells) rows.push_back(cell.row_values[0]);
  EXPECT_THAT(rows, ElementsAre("inert", "5", "20"));
}

TEST(AblationTable, CellsThatAverageOverDifferentMixturesOrHideADifferenceSaySo) {
  const auto trial = [](const std::string& block, double rate) {
    return Trial(block, rate, 0, TrialState::kCompleted, {{"eval_loss", 1}});
  };
  const AblationQuery by_block{.rows = {"model.block"}, .metrics = {"eval_loss"}, .pool = {"optimizer.learning_rate"}};
  const auto uneven = BuildAblationTable({trial("op", 0.001), trial("op", 0.003), trial("pre_norm", 0.001)}, by_block);
  EXPECT_THAT(uneven.uneven, ElementsAre("optimizer.learning_rate"));
  const auto confounded = BuildAblationTable({trial("op", 0.003), trial("pre_norm", 0.001)}, by_block);
  EXPECT_THAT(confounded.uneven, IsEmpty());
  EXPECT_THAT(confounded.confounded, ElementsAre("optimizer.learning_rate"));
  const auto fair = BuildAblationTable(
      {trial("op", 0.001), trial("op", 0.003), trial("pre_norm", 0.001), trial("pre_norm", 0.003)}, by_block);
  EXPECT_THAT(fair.uneven, IsEmpty());
  EXPECT_THAT(fair.confounded, IsEmpty());
}

TEST(AblationTable, AnAutoThatMachinesResolveDifferentlyIsOneValue) {
  std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kCompleted), Trial("op", 1, 1, TrialState::kCompleted),
                                   Trial("op", 1, 2, TrialState::kCompleted)};
  const char* resolved[] = {"4", "8", "4"};
  const char* submitted[] = {"\"auto\"", "\"auto\"", "4"};
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trials[i].origin.resolved_json = std::string(R"({"train.micro_batch_size":)") + resolved[i] + "}";
    trials[i].trial.arm.keys_json = std::string(R"({"train.micro_batch_size":)") + submitted[i] + "}";
  }
  const AblationTable table = BuildAblationTable(trials, {.rows = {"train.micro_batch_size"}});
  ASSERT_EQ(table.cells.size(), 2u);
  EXPECT_THAT(table.cells[0].row_values, ElementsAre("auto"));
  EXPECT_EQ(table.cells[0].outcomes.trials, 2);
  EXPECT_THAT(table.pooled, ElementsAre("seed"));
}

// model.final_norm follows from the block.
TEST(AblationTable, AKeyThatFollowsFromAVariedOneIsThatOfItsArm) {
  std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kCompleted),
                                   Trial("post_norm", 1, 0, TrialState::kCompleted)};
  trials[0].trial.config_json = R"({"model.final_norm":"layer_norm"})";
  trials[1].trial.config_json = R"({"model.final_norm":"none"})";
  const auto table = CellsOf(trials, {.rows = {"model.final_norm"}, .metrics = {"eval_loss"}});
  ASSERT_EQ(table.size(), 2u);
  EXPECT_THAT(table[0].row_values, ElementsAre("layer_norm"));
  EXPECT_THAT(table[1].row_values, ElementsAre("none"));
}

TEST(AblationTable, AnInfiniteResultMakesTheMeanInfiniteAndHasNoDeviation) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kDiverged, {{"eval_perplexity", infinity}}),
                                         Trial("op", 1, 1, TrialState::kCompleted, {{"eval_perplexity", 3}})};
  const auto table = CellsOf(trials, {.rows = {"model.block"}, .metrics = {"eval_perplexity"}});
  EXPECT_EQ(table.at(0).statistics[0].mean, infinity);
  EXPECT_FALSE(table[0].statistics[0].standard_deviation.has_value());
}

// Perplexities of diverged trials: their squares are beyond what a double holds, and so is their sum.
TEST(AblationTable, HugeResultsHaveADeviation) {
  const std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kDiverged, {{"eval_perplexity", 1.7e308}}),
                                         Trial("op", 1, 1, TrialState::kDiverged, {{"eval_perplexity", 1.5e308}})};
  const auto table = CellsOf(trials, {.rows = {"model.block"}, .metrics = {"eval_perplexity"}});
  EXPECT_DOUBLE_EQ(*table.at(0).statistics[0].mean, 1.6e308);
  EXPECT_DOUBLE_EQ(*table[0].statistics[0].standard_deviation, 1e307 * std::sqrt(2));
}

TEST(AblationTable, NanMakesTheMeanNanAndNothingHasNoMean) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<ResultRow> trials = {Trial("op", 1, 0, TrialState::kDiverged, {{"eval_loss", nan}}),
                                         Trial("op", 1, 1, TrialState::kCompleted, {{"eval_loss", 3}})};
  const auto table = CellsOf(trials, {.rows = {"model.block"}, .metrics = {"eval_loss", "int8_perplexity"}});
  EXPECT_TRUE(std::isnan(*table.at(0).statistics[0].mean));
  EXPECT_FALSE(table[0].statistics[0].standard_deviation.has_value());
  EXPECT_EQ(table[0].statistics[1].count, 0);
  EXPECT_FALSE(table[0].statistics[1].mean.has_value());
}

TEST(AblationTable, UnknownKeysAndColumnsAreNamedWithTheNearestKnownOne) {
  const auto problems = CheckAblationQuery({.rows = {"model.blok"}, .cols = {"seed"}, .metrics = {"kurtosis_mx"}});
  ASSERT_EQ(problems.size(), 2);
  EXPECT_EQ(problems[0].key, "rows");
  EXPECT_THAT(problems[0].fix, ::testing::HasSubstr("model.block"));
  EXPECT_EQ(problems[1].key, "metrics");
  EXPECT_THAT(problems[1].message, ::testing::HasSubstr("kurtosis_max"));
}

}  // namespace
}  // namespace ofsweep
