// Tables of the best value of a key, and of several sweeps.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/ablation_table.h"
#include "coordinator/best_value.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

TunedValue Tuned(const std::map<std::int64_t, double>& losses, const std::set<std::int64_t>& without_result = {}) {
  TunedValue value{.seeds = without_result, .losses = losses};
  for (const auto& [seed, loss] : losses) value.seeds.insert(seed);
  return value;
}

std::optional<std::size_t> Best(const std::vector<TunedValue>& values) {
  return PickBestValue(values);
}

TEST(BestValue, IsThatOfTheLowestMeanAndOfEqualOnesTheFirst) {
  EXPECT_THAT(Best({Tuned({{0, 3}, {1, 3.2}}), Tuned({{0, 2.9}, {1, 3.1}}), Tuned({{0, 2.8}, {1, 3.2}})}),
              Optional(1));  // 3.1, 3.0, 3.0
  EXPECT_EQ(Best({Tuned({}, {0}), Tuned({}, {0})}), std::nullopt);
  EXPECT_EQ(Best({}), std::nullopt);
}

// The third seed of the second is a lucky one: on the two that both have, the first is better.
TEST(BestValue, ValuesAreComparedOnTheSeedsThatAllHave) {
  EXPECT_THAT(Best({Tuned({{0, 3}, {1, 3}}), Tuned({{0, 3.1}, {1, 3.1}, {2, 1}})}), Optional(0));
  EXPECT_THAT(Best({Tuned({{0, 3}}), Tuned({{1, 2}})}), Optional(1)) << "without such a seed on what there is";
}

TEST(BestValue, WhatLacksAResultLosesAgainstWhatIsWhole) {
  EXPECT_THAT(Best({Tuned({{0, 2}}, {1}), Tuned({{0, 3}, {1, 3}})}), Optional(1));
  EXPECT_THAT(Best({Tuned({{0, 2}}, {1}), Tuned({}, {0, 1})}), Optional(0));
}

TEST(BestValue, ALossThatIsNotFiniteIsPickedOnlyWhereNoOtherIs) {
  EXPECT_THAT(Best({Tuned({{0, NAN}, {1, 1}}), Tuned({{0, 9}}, {1})}), Optional(1));
  EXPECT_THAT(Best({Tuned({{0, INFINITY}}), Tuned({{0, NAN}})}), Optional(0));
}

struct Training {
  std::string block;
  double rate;
  int seed;
  double loss;
  double kurtosis = 1;
  TrialState state = TrialState::kCompleted;
};

ResultRow RowOf(const Training& run, bool is_rate_varied = true) {
  ResultRow row;
  row.trial.trial_id = absl::StrCat(run.block, " ", run.rate, " ", run.seed);
  row.trial.state = run.state;
  row.trial.arm.keys_json =
      is_rate_varied ? absl::StrCat(R"({"model.block":")", run.block, R"(","optimizer.learning_rate":)", run.rate, "}")
                     : absl::StrCat(R"({"model.block":")", run.block, R"("})");
  row.trial.config_json = absl::StrCat(R"({"model.block":")", run.block, R"(","optimizer.learning_rate":)", run.rate,
                                       R"(,"seed":)", run.seed, "}");
  row.values = {{"seed", run.seed}, {"kurtosis_max", run.kurtosis}};
  if (!std::isnan(run.loss) || run.state == TrialState::kDiverged) row.values["eval_loss"] = run.loss;
  return row;
}

const std::string& ConfigOfRow(const ResultRow& row) {
  return row.trial.config_json;
}

AblationTable TableOf(const std::vector<Training>& runs, const AblationQuery& query) {
  AblationBuilder builder(query, {"model.block", "optimizer.learning_rate", "seed"});
  builder.BeginSweep("s", ConfigOfRow);
  for (const Training& run : runs) builder.Add(RowOf(run));
  return builder.Build();
}

AblationQuery Query() {
  return {.rows = {"model.block"}, .metrics = {"kurtosis_max"}, .best = "optimizer.learning_rate"};
}

// pre_norm is best at 0.001 (mean loss 3.1 against 3.5), op at 0.003 (2.9 against 3.2).
std::vector<Training> TwoBlocks() {
  return {{"pre_norm", 0.001, 0, 3.0, 10}, {"pre_norm", 0.003, 0, 3.5, 20}, {"op", 0.001, 0, 3.2, 2},
          {"op", 0.003, 0, 2.8, 4},        {"pre_norm", 0.001, 1, 3.2, 14}, {"pre_norm", 0.003, 1, 3.5, 30},
          {"op", 0.001, 1, 3.2, 3},        {"op", 0.003, 1, 3.0, 5}};
}

TEST(TunedTable, ACellIsOfTheValueWithTheLowestLossWhateverItShows) {
  const AblationTable table = TableOf(TwoBlocks(), Query());
  EXPECT_THAT(table.problems, IsEmpty());
  EXPECT_THAT(table.confounded, IsEmpty()) << "each cell says of what it is";
  EXPECT_THAT(table.pooled, ElementsAre("seed"));
  ASSERT_EQ(table.cells.size(), 2u);
  EXPECT_THAT(table.cells[0].row_values, ElementsAre("pre_norm"));
  EXPECT_THAT(table.cells[0].best_value, Optional(std::string("0.001")));
  EXPECT_THAT(table.cells[0].statistics[0].mean, Optional(12));
  EXPECT_DOUBLE_EQ(*table.cells[0].statistics[0].standard_deviation, std::sqrt(8));
  EXPECT_EQ(table.cells[0].outcomes.trials, 2u);
  EXPECT_EQ(table.cells[0].passed_over.trials, 2u);
  EXPECT_THAT(table.cells[1].best_value, Optional(std::string("0.003")));
  EXPECT_THAT(table.cells[1].statistics[0].mean, Optional(4.5));
}

TEST(TunedTable, TunedCellsArePairedBySeedWithTheTunedBaseline) {
  AblationQuery query = Query();
  query.baseline = {{"model.block", "pre_norm"}};
  const AblationTable table = TableOf(TwoBlocks(), query);
  EXPECT_FALSE(table.cells[0].statistics[0].difference.has_value());
  const PairedDifference& difference = *table.cells[1].statistics[0].difference;
  EXPECT_EQ(difference.pairs, 2u);
  EXPECT_THAT(difference.mean, Optional(-7.5));  // 4 - 10 and 5 - 14
  EXPECT_THAT(difference.low, Optional(-9.0));
  EXPECT_THAT(difference.high, Optional(-6.0));
}

TEST(TunedTable, WhatDivergedIsNotBestWhetherItCountsOrNot) {
  std::vector<Training> runs = TwoBlocks();
  runs[7] = {"op", 0.003, 1, NAN, 5, TrialState::kDiverged};
  AblationQuery query = Query();
  for (const bool drop : {false, true}) {
    query.drop_diverged = drop;
    const AblationCell op = TableOf(runs, query).cells[1];
    EXPECT_THAT(op.best_value, Optional(std::string("0.001"))) << drop;
    EXPECT_EQ(op.outcomes.diverged, 0u);
    EXPECT_EQ(op.passed_over.diverged, 1u);
    EXPECT_EQ(op.passed_over.trials, drop ? 1u : 2u);
  }
}

TEST(TunedTable, ACellWithoutALossPicksNoneAndCountsAllOfItsTrials) {
  std::vector<Training> runs = TwoBlocks();
  for (Training& run : runs) {
    if (run.block == "op") run = {run.block, run.rate, run.seed, NAN, 1, TrialState::kFailed};
  }
  runs[2].state = TrialState::kCompleted;  // and never evaluated
  const AblationCell op = TableOf(runs, Query()).cells[1];
  EXPECT_EQ(op.best_value, std::nullopt);
  EXPECT_EQ(op.outcomes.failed, 3u);
  EXPECT_EQ(op.outcomes.trials, 1u);
  EXPECT_EQ(op.statistics[0].count, 0u);
  EXPECT_EQ(op.passed_over.failed, 0u);
}

// What is compared must not differ in anything else.
TEST(TunedTable, AValueThatPoolsAnotherKeyIsAProblem) {
  AblationQuery query = Query();
  query.rows = {"seed"};
  const AblationTable table = TableOf(TwoBlocks(), query);
  ASSERT_EQ(table.problems.size(), 1u);
  EXPECT_THAT(table.problems[0].message, HasSubstr("model.block"));
}

TEST(TunedTable, TheBestKeyIsATrialKeyThatIsNoAxisAndNotPooled) {
  const auto problems_of = [](const AblationQuery& query) {
    std::vector<std::string> fields;
    for (const Problem& problem : CheckAblationQuery(query)) fields.push_back(problem.key);
    return fields;
  };
  EXPECT_THAT(problems_of(Query()), IsEmpty());
  EXPECT_THAT(problems_of({.rows = {"model.block"}, .best = "model.block"}), ElementsAre("best"));
  EXPECT_THAT(problems_of({.cols = {"model.block"}, .best = "model.block"}), ElementsAre("best"));
  EXPECT_THAT(problems_of({.pool = {"model.block"}, .best = "model.block"}), ElementsAre("best"));
  EXPECT_THAT(problems_of({.best = "model.blok"}), ElementsAre("best"));
  EXPECT_THAT(problems_of({.best = "seed"}), ElementsAre("best"));
}

// Two sweeps, of which the second has the rate 0.003 in all of its trials, and holds the first one's pre_norm of seed 0
// at 0.001 too, say because it was given as a list of trials.
AblationTable TableOfTwo(const AblationQuery& query) {
  AblationBuilder builder(query, {"model.block", "optimizer.learning_rate", "seed", kSweepKey});
  const std::vector<Training> first = {{"pre_norm", 0.001, 0, 3.0}, {"op", 0.001, 0, 4.0}};
  const std::vector<Training> second = {{"pre_norm", 0.001, 0, 3.0}, {"pre_norm", 0.003, 0, 5.0}};
  builder.BeginSweep("first", ConfigOfRow);
  for (const Training& run : first) builder.Add(RowOf(run, /*is_rate_varied=*/false));
  builder.BeginSweep("second", ConfigOfRow);
  for (const Training& run : second) builder.Add(RowOf(run));
  return builder.Build();
}

TEST(SeveralSweeps, KeysThatSetThemApartAreToldApartAndASharedTrialCountsOnce) {
  const AblationTable table =
      TableOfTwo({.rows = {"model.block"}, .cols = {"optimizer.learning_rate"}, .metrics = {"eval_loss"}});
  EXPECT_THAT(table.problems, IsEmpty());
  ASSERT_EQ(table.cells.size(), 3u);
  EXPECT_THAT(table.cells[0].col_values, ElementsAre("0.001"));
  EXPECT_EQ(table.cells[0].outcomes.trials, 1u) << "both sweeps have it";
  EXPECT_THAT(table.cells[0].statistics[0].mean, Optional(3.0));
  EXPECT_THAT(table.cells[1].col_values, ElementsAre("0.003"));
  EXPECT_THAT(table.cells[2].row_values, ElementsAre("op"));
  EXPECT_THAT(table.confounded, ElementsAre("sweep"));
}

TEST(SeveralSweeps, ACellThatWouldAverageOverTheirDifferingKeysIsAProblem) {
  AblationQuery query{.rows = {"model.block"}, .metrics = {"eval_loss"}};
  const std::vector<Problem> problems = TableOfTwo(query).problems;
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_THAT(problems[0].message, HasSubstr("optimizer.learning_rate"));
  EXPECT_THAT(problems[1].message, HasSubstr("sweep"));
  query.pool = {"optimizer.learning_rate", "sweep"};
  EXPECT_THAT(CheckAblationQuery(query), IsEmpty());
  const AblationTable pooled = TableOfTwo(query);
  EXPECT_THAT(pooled.problems, IsEmpty());
  EXPECT_THAT(pooled.cells[0].statistics[0].mean, Optional(4.0));  // of 3 and 5, the shared 3 once
}

TEST(SeveralSweeps, TheSweepIsAKeyAndEachHasWhatItHolds) {
  const AblationTable table = TableOfTwo({.rows = {"sweep"},
                                          .cols = {"model.block", "optimizer.learning_rate"},
                                          .metrics = {"eval_loss"},
                                          .baseline = {{"sweep", "first"}}});
  EXPECT_THAT(table.problems, IsEmpty());
  ASSERT_EQ(table.cells.size(), 4u);
  EXPECT_THAT(table.cells[2].row_values, ElementsAre("second"));
  EXPECT_THAT(table.cells[2].col_values, ElementsAre("pre_norm", "0.001"));
  EXPECT_THAT(table.cells[2].statistics[0].mean, Optional(3.0));
  EXPECT_THAT(table.cells[2].statistics[0].difference->mean, Optional(0.0)) << "it is the same trial";
}

}  // namespace
}  // namespace ofsweep
