#include "cli/ablation_text.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

#include "cli/ablation_grid.h"
#include "experiment/choices.h"
#include "storage/result_columns.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::AblationCell* AddCell(v1::GetAblationTableResponse& table, const std::string& block, const std::string& optimizer) {
  v1::AblationCell* cell = table.add_cells();
  cell->add_row_values(block);
  cell->add_col_values(optimizer);
  return cell;
}

void AddStatistic(v1::AblationCell* cell, std::uint32_t count, double mean, double deviation) {
  v1::CellStatistic* statistic = cell->add_statistics();
  statistic->set_count(count);
  if (count > 0) statistic->set_mean(mean);
  if (count > 1) statistic->set_standard_deviation(deviation);
  cell->set_trials(count);
}

// Two blocks × two optimisers; pre_norm with SOAP has diverged trials only, op with SOAP does not exist.
v1::GetAblationTableResponse SmallTable() {
  v1::GetAblationTableResponse table;
  table.add_rows("model.block");
  table.add_cols("optimizer.name");
  table.add_metrics("kurtosis_max");
  table.set_state("paused");
  AddStatistic(AddCell(table, "pre_norm", "adam"), 3, 14.4, 2.1);
  v1::AblationCell* diverged = AddCell(table, "pre_norm", "soap");
  AddStatistic(diverged, 0, 0, 0);
  diverged->set_trials(2);
  diverged->set_diverged(2);
  v1::AblationCell* partial = AddCell(table, "op", "adam");
  AddStatistic(partial, 1, 1.2345, 0);
  partial->set_missing(2);
  return table;
}

TEST(AblationText, AMarkdownCellStaysOneCellWhateverItsValueHolds) {
  v1::GetAblationTableResponse table = SmallTable();
  table.mutable_cells(0)->set_row_values(0, "a|b\nc");
  EXPECT_THAT(RenderAblation(table, TableFormat::kMarkdown), HasSubstr("\n| a\\|b<br>c | "));
}

TEST(AblationText, ShowsMeanDeviationAndTrialsAndSaysWhatIsNotThere) {
  EXPECT_EQ(RenderAblation(SmallTable(), TableFormat::kText),
            "kurtosis_max: kurtosis (1 to width), largest block at the last measured step; columns: optimizer.name\n"
            "model.block  adam                  soap\n"
            "pre_norm     14.40 ± 2.10 (3)      — (2 diverged)\n"
            "op           1.234 (1, 2 missing)  —\n"
            "\n"
            "A cell is mean ± standard deviation (trials); diverged trials count with their last values.\n"
            "Partial: of 8 trials 2 have no outcome yet; the sweep is paused.\n");
}

// A sweep that was paused, or in which trials failed, must not look as if its table were whole.
TEST(AblationText, SaysThatItIsPartialWhereATrialHasNoOutcome) {
  v1::GetAblationTableResponse table = SmallTable();
  const auto partial = [&] {
    return nlohmann::json::parse(RenderAblation(table, TableFormat::kJson))["partial"].get<bool>();
  };
  EXPECT_TRUE(partial());
  EXPECT_THAT(RenderAblation(table, TableFormat::kMarkdown), HasSubstr("Partial"));
  EXPECT_THAT(RenderAblation(table, TableFormat::kLatex), HasSubstr("Partial"));
  table.mutable_cells(2)->set_missing(0);
  EXPECT_FALSE(partial());
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), Not(HasSubstr("Partial")));
  table.mutable_cells(2)->set_failed(1);
  EXPECT_TRUE(partial());
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("1.234 (1, 1 failed)"));
}

TEST(AblationText, ACellSaysOfHowManyOfItsTrialsTheMeanIs) {
  v1::GetAblationTableResponse table = SmallTable();
  table.mutable_cells(0)->set_trials(4);
  table.mutable_cells(0)->set_diverged(1);
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("14.40 ± 2.10 (3 of 4, 1 diverged)"));
  table.set_drop_diverged(true);
  table.mutable_cells(0)->set_trials(3);
  EXPECT_THAT(RenderAblation(table, TableFormat::kText),
              ::testing::AllOf(HasSubstr("14.40 ± 2.10 (3, 1 diverged)"), HasSubstr("left out")));
}

TEST(AblationText, SaysWhatEachColumnIs) {
  EXPECT_EQ(MetricDescription("eval_loss"), "validation loss, nats a token");
  EXPECT_EQ(MetricDescription("kurtosis@block.3"), "newest value");
  EXPECT_EQ(MetricDescription("attention_entropy@attention.mean:max"),
            "largest of the measured steps, NaN left out, mean over the layers, nats");
  EXPECT_EQ(MetricDescription("int8_perplexity"), "validation perplexity with weights and activations in int8");
  EXPECT_EQ(MetricDescription("w4a4_perplexity"), "validation perplexity with weights and activations in 4 bits");
  EXPECT_EQ(MetricDescription("w8a4_perplexity"), "validation perplexity with weights in 8 bits and activations in 4");
  EXPECT_EQ(MetricDescription("w6a6_perplexity"), "validation perplexity with weights and activations in 6 bits");
  EXPECT_EQ(MetricDescription("w4a32_loss"),
            "validation loss with weights in 4 bits and unrounded activations, nats a token");
  EXPECT_EQ(MetricDescription("w8_perplexity"), "");
}

TEST(AblationText, SaysWhatACellAveragesOver) {
  v1::GetAblationTableResponse table = SmallTable();
  for (const char* key : {"data.path", "seed"}) table.add_pooled(key);
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("(trials) over data.path, seed"));
  EXPECT_THAT(RenderAblation(table, TableFormat::kLatex), HasSubstr("(trials) over data.path, seed"));
  EXPECT_EQ(nlohmann::json::parse(RenderAblation(table, TableFormat::kJson))["pooled"],
            (nlohmann::json{"data.path", "seed"}));
}

TEST(AblationText, MarkdownIsTheSameTable) {
  EXPECT_THAT(RenderAblation(SmallTable(), TableFormat::kMarkdown),
              HasSubstr("| model.block | adam | soap |\n"
                        "|---|---|---|\n"
                        "| pre_norm | 14.40 ± 2.10 (3) | — (2 diverged) |\n"));
}

TEST(AblationText, LatexUsesBooktabsAndEscapesKeys) {
  EXPECT_EQ(
      RenderAblation(SmallTable(), TableFormat::kLatex),
      "% needs \\usepackage{booktabs}; a cell is mean, standard deviation (trials); diverged trials count with their "
      "last values\n"
      "% Bold: the lowest kurtosis_max; no cell with diverged trials.\n"
      "% Partial: of 8 trials 2 have no outcome yet; the sweep is paused.\n"
      "\\begin{tabular}{lrr}\n"
      "\\toprule\n"
      "\\multicolumn{3}{l}{Columns: optimizer.name} \\\\\n"
      " & \\multicolumn{2}{c}{kurtosis\\_max} \\\\\n"
      "\\cmidrule(lr){2-3}\n"
      "model.block & adam & soap \\\\\n"
      "\\midrule\n"
      "pre\\_norm & 14.40 $\\pm$ 2.10 (3) & --- (2 diverged) \\\\\n"
      "op & \\textbf{1.234} (1, 2 missing) & --- \\\\\n"
      "\\bottomrule\n"
      "\\end{tabular}\n");
}

TEST(AblationText, ACellThatMixesWhatItsTrialsWereMadeWithSaysSo) {
  v1::GetAblationTableResponse table = SmallTable();
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), Not(HasSubstr("ixed")));
  table.mutable_cells(0)->add_mixed("train.precision");
  table.mutable_cells(0)->add_mixed("device");
  for (const TableFormat format : {TableFormat::kText, TableFormat::kMarkdown}) {
    EXPECT_THAT(RenderAblation(table, format),
                AllOf(HasSubstr("14.40 ± 2.10 (3, mixed)"),
                      HasSubstr("Mixed: the trials of a cell differ in device, train.precision.")));
  }
  EXPECT_THAT(RenderAblation(table, TableFormat::kLatex), HasSubstr("% Mixed: the trials of a cell differ in device"));
  EXPECT_THAT(RenderAblation(table, TableFormat::kCsv), HasSubstr("14.4,2.1,3,3,0,0,0,train.precision device,"));
}

TEST(AblationText, CsvHasALineForEachCellAndMetricInFullPrecision) {
  EXPECT_EQ(RenderAblation(SmallTable(), TableFormat::kCsv),
            "model.block,optimizer.name,metric,mean,standard_deviation,count,trials,diverged,failed,missing,mixed,"
            "median,geometric_mean\n"
            "pre_norm,adam,kurtosis_max,14.4,2.1,3,3,0,0,0,,,\n"
            "pre_norm,soap,kurtosis_max,,,0,2,2,0,0,,,\n"
            "op,adam,kurtosis_max,1.2345,,1,1,0,0,2,,,\n");
}

// Of op under Adam; the baseline is pre_norm.
v1::GetAblationTableResponse ComparedTable() {
  v1::GetAblationTableResponse table = SmallTable();
  (*table.mutable_baseline())["model.block"] = "pre_norm";
  v1::CellStatistic* op = table.mutable_cells(2)->mutable_statistics(0);
  op->set_median(1.25);
  v1::PairedDifference* difference = op->mutable_difference();
  difference->set_pairs(6);
  difference->set_mean(-13.1655);
  difference->set_low(-15);
  difference->set_high(-11.5);
  difference->set_p(0.03125);
  difference->set_adjusted_p(0.0625);
  return table;
}

TEST(AblationText, DifferencesFromABaselineAreATableOfTheirOwn) {
  const std::string text = RenderAblation(ComparedTable(), TableFormat::kText);
  EXPECT_THAT(text, HasSubstr("kurtosis_max less that of model.block=pre_norm\n"
                              "model.block  adam                                  soap\n"
                              "pre_norm     —                                     —\n"
                              "op           -13.17 [-15.00, -11.50], p 0.062 (6)  —\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("Holm"), HasSubstr("percentile bootstrap"), HasSubstr("paired permutation")));
  EXPECT_THAT(RenderAblation(SmallTable(), TableFormat::kText), Not(HasSubstr("less that of")));
  EXPECT_THAT(RenderAblation(ComparedTable(), TableFormat::kMarkdown),
              HasSubstr("| op | -13.17 [-15.00, -11.50], p 0.062 (6) | — |\n"));
  EXPECT_THAT(RenderAblation(ComparedTable(), TableFormat::kLatex),
              AllOf(HasSubstr("op & $-$13.17 [$-$15.00, $-$11.50], p 0.062 (6) & --- \\\\\n"),
                    HasSubstr("\\multicolumn{3}{l}{Less model.block=pre\\_norm} \\\\\n"
                              "\\multicolumn{3}{l}{Columns: optimizer.name} \\\\\n")));
  v1::GetAblationTableResponse few = ComparedTable();
  few.mutable_cells(2)->mutable_statistics(0)->mutable_difference()->clear_adjusted_p();
  EXPECT_THAT(RenderAblation(few, TableFormat::kLatex), HasSubstr("$-$11.50], p --- (6)"));
  EXPECT_THAT(RenderAblation(ComparedTable(), TableFormat::kCsv),
              AllOf(HasSubstr(",median,geometric_mean,difference,difference_low,difference_high,p,adjusted_p,pairs\n"),
                    HasSubstr("op,adam,kurtosis_max,1.2345,,1,1,0,0,2,,1.25,,-13.1655,-15,-11.5,0.03125,0.0625,6\n"),
                    HasSubstr("pre_norm,adam,kurtosis_max,14.4,2.1,3,3,0,0,0,,,,,,,,,\n")));
  const auto document = nlohmann::json::parse(RenderAblation(ComparedTable(), TableFormat::kJson));
  EXPECT_EQ(document["baseline"]["model.block"], "pre_norm");
  const auto& difference = document["cells"][2]["values"]["kurtosis_max"]["difference"];
  EXPECT_EQ(difference["mean"], -13.1655);
  EXPECT_EQ(difference["adjusted_p"], 0.0625);
  EXPECT_FALSE(document["cells"][0]["values"]["kurtosis_max"].contains("difference"));
}

// op under Adam has no validation loss.
v1::GetAblationTableResponse TunedTable() {
  v1::GetAblationTableResponse table = SmallTable();
  table.set_best("optimizer.learning_rate");
  table.mutable_cells(0)->set_best_value("0.003");
  table.mutable_cells(0)->mutable_passed_over()->set_trials(5);
  table.mutable_cells(0)->mutable_passed_over()->set_failed(1);
  table.mutable_cells(1)->set_best_value("0.001");
  return table;
}

TEST(AblationText, ATunedCellSaysOfWhichValueItIs) {
  const std::string text = RenderAblation(TunedTable(), TableFormat::kText);
  EXPECT_THAT(text, AllOf(HasSubstr("14.40 ± 2.10 (3, lr=0.003)"), HasSubstr("— (2 diverged, lr=0.001)"),
                          HasSubstr(", of the optimizer.learning_rate (lr) with the lowest mean eval_loss"),
                          HasSubstr("no lr stands")));
  EXPECT_THAT(text, HasSubstr("Partial: of 14 trials 1 failed, 2 have no outcome yet")) << "any of them might be best";
  EXPECT_THAT(RenderAblation(TunedTable(), TableFormat::kMarkdown), HasSubstr("| 14.40 ± 2.10 (3, lr=0.003) |"));
  EXPECT_THAT(RenderAblation(TunedTable(), TableFormat::kLatex), HasSubstr("14.40 $\\pm$ 2.10 (3, lr=0.003) &"));
  EXPECT_THAT(RenderAblation(TunedTable(), TableFormat::kCsv),
              AllOf(HasSubstr("model.block,optimizer.name,optimizer.learning_rate,metric,mean"),
                    HasSubstr("pre_norm,adam,0.003,kurtosis_max,14.4,"), HasSubstr("op,adam,,kurtosis_max,1.2345,")));
  const auto document = nlohmann::json::parse(RenderAblation(TunedTable(), TableFormat::kJson));
  EXPECT_EQ(document["best"], "optimizer.learning_rate");
  EXPECT_EQ(document["cells"][0]["best"]["optimizer.learning_rate"], 0.003);
  EXPECT_TRUE(document["cells"][2]["best"]["optimizer.learning_rate"].is_null());
}

TEST(AblationText, AValueIsEscapedWhereverItStands) {
  v1::GetAblationTableResponse table = TunedTable();
  table.set_best("model.norm");
  table.mutable_cells(0)->set_best_value("rms_norm");
  EXPECT_THAT(RenderAblation(table, TableFormat::kLatex), HasSubstr("(3, norm=rms\\_norm)"));
}

// Three blocks under Adam.
v1::GetAblationTableResponse ThreeBlocks(const std::string& metric, const std::vector<double>& means) {
  v1::GetAblationTableResponse table;
  table.add_rows("model.block");
  table.add_cols("optimizer.name");
  table.add_metrics(metric);
  for (std::size_t i = 0; i < means.size(); ++i) {
    const char* blocks[] = {"op", "post_norm", "pre_norm"};
    AddStatistic(AddCell(table, blocks[i], "adam"), 1, means[i], 0);
  }
  return table;
}

TEST(AblationText, TheBestCellOfAMetricIsBold) {
  const auto lower = ThreeBlocks("eval_loss", {2.5, 1.5, 2});
  EXPECT_THAT(RenderAblation(lower, TableFormat::kMarkdown),
              AllOf(HasSubstr("| op | 2.500 (1) |"), HasSubstr("| post_norm | **1.500** (1) |"),
                    HasSubstr("Bold: the lowest eval_loss; no cell with diverged trials.\n")));
  EXPECT_THAT(RenderAblation(lower, TableFormat::kLatex), HasSubstr("post\\_norm & \\textbf{1.500} (1)"));
  EXPECT_THAT(RenderAblation(lower, TableFormat::kText, /*is_terminal=*/true),
              HasSubstr("op           2.500 (1)\n"
                        "post_norm    \x1b[1m1.500\x1b[0m (1)\n"));
  EXPECT_THAT(RenderAblation(lower, TableFormat::kText), AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("Bold"))));
  EXPECT_THAT(RenderAblation(lower, TableFormat::kCsv), HasSubstr("post_norm,adam,eval_loss,1.5,"));
  EXPECT_THAT(RenderAblation(ThreeBlocks("tokens_per_second", {2.5, 1.5, 2}), TableFormat::kMarkdown),
              AllOf(HasSubstr("| **2.500** (1) |"), HasSubstr("Bold: the highest tokens_per_second")));
  EXPECT_THAT(RenderAblation(ThreeBlocks("kurtosis@block.0:max", {2.5, 1.5, 2}), TableFormat::kMarkdown),
              HasSubstr("| **1.500** (1) |"));
}

TEST(AblationText, NothingIsBoldWhereNothingIsBest) {
  const auto markdown = [](const v1::GetAblationTableResponse& table) {
    return RenderAblation(table, TableFormat::kMarkdown);
  };
  EXPECT_THAT(markdown(ThreeBlocks("steps", {3, 1, 2})), Not(HasSubstr("**"))) << "neither is better";
  EXPECT_THAT(markdown(ThreeBlocks("eval_loss", {2, 2, 2})), Not(HasSubstr("**")));
  EXPECT_THAT(markdown(ThreeBlocks("eval_loss", {2})), Not(HasSubstr("**")));
}

TEST(AblationText, WhatDivergedOrIsNotFiniteIsNeverBest) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(RenderAblation(ThreeBlocks("eval_loss", {std::nan(""), -infinity, 3}), TableFormat::kMarkdown),
              HasSubstr("| pre_norm | **3.000** (1) |"));
  auto diverged = ThreeBlocks("eval_loss", {1, 2, 3});
  diverged.mutable_cells(0)->set_diverged(1);
  EXPECT_THAT(RenderAblation(diverged, TableFormat::kMarkdown),
              AllOf(HasSubstr("| op | 1.000 (1, 1 diverged) |"), HasSubstr("| post_norm | **2.000** (1) |")));
  diverged.mutable_cells(0)->mutable_statistics(0)->set_mean(2);
  EXPECT_THAT(RenderAblation(diverged, TableFormat::kMarkdown), HasSubstr("| op | 2.000 (1, 1 diverged) |"));
}

TEST(AblationText, OfSeveralSweepsItSaysHowTheyStand) {
  v1::GetAblationTableResponse table = SmallTable();
  table.add_further_sweeps("t");
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("no outcome yet; one of the sweeps is paused."));
}

// Below six pairs there is no p.
TEST(AblationText, ADifferenceOfFewPairsHasNoP) {
  v1::GetAblationTableResponse table = ComparedTable();
  v1::PairedDifference* difference = table.mutable_cells(2)->mutable_statistics(0)->mutable_difference();
  difference->set_pairs(3);
  difference->clear_p();
  difference->clear_adjusted_p();
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("-13.17 [-15.00, -11.50], p — (3)"));
}

TEST(AblationText, JsonNamesKeysAndUsesNullForNoValue) {
  const auto document = nlohmann::json::parse(RenderAblation(SmallTable(), TableFormat::kJson));
  const auto& cell = document["cells"][1];
  EXPECT_EQ(cell["keys"], (nlohmann::json{{"model.block", "pre_norm"}, {"optimizer.name", "soap"}}));
  EXPECT_EQ(cell["diverged"], 2);
  EXPECT_TRUE(cell["values"]["kurtosis_max"]["mean"].is_null());
  EXPECT_EQ(document["cells"][0]["values"]["kurtosis_max"]["standard_deviation"], 2.1);
}

TEST(AblationText, NumbersAmongTheKeysAreNumbersInJson) {
  v1::GetAblationTableResponse table;
  for (const char* key : {"optimizer.learning_rate", "model.tie_embeddings", "train.micro_batch_size"})
    table.add_rows(key);
  table.add_metrics("eval_loss");
  v1::AblationCell* cell = table.add_cells();
  for (const char* value : {"0.001", "true", "auto"}) cell->add_row_values(value);
  AddStatistic(cell, 1, 3.5, 0);
  const auto keys = nlohmann::json::parse(RenderAblation(table, TableFormat::kJson))["cells"][0]["keys"];
  EXPECT_EQ(keys["optimizer.learning_rate"], 0.001);
  EXPECT_EQ(keys["model.tie_embeddings"], true);
  EXPECT_EQ(keys["train.micro_batch_size"], "auto");
}

std::vector<std::string> LinesWith(const std::string& text, const std::string& part) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.find(part) != std::string::npos) lines.push_back(line);
  }
  return lines;
}

TEST(AblationText, ALatexTableThatIsTooWideOrTooLongForAPageIsSeveral) {
  v1::GetAblationTableResponse table;
  table.add_rows("optimizer.epsilon");
  table.add_cols("optimizer.name");
  const std::vector<std::string> metrics = {"eval_loss", "kurtosis_max", "eval_perplexity", "int8_perplexity"};
  for (const std::string& metric : metrics) table.add_metrics(metric);
  for (int row = 0; row < 90; ++row) {
    for (const char* optimizer : {"adam", "soap"}) {
      v1::AblationCell* cell = AddCell(table, std::to_string(row), optimizer);
      for (std::size_t metric = 0; metric < metrics.size(); ++metric) AddStatistic(cell, 3, 14.4, 2.1);
    }
  }
  const std::string text = RenderAblation(table, TableFormat::kLatex);
  for (const std::string& line : LinesWith(text, " & ")) EXPECT_LE(line.size(), 100u);
  // Each row once for every page's width, with its key.
  const std::size_t widths = LinesWith(text, "89 & ").size();
  EXPECT_GT(widths, 1u);
  EXPECT_EQ(LinesWith(text, "0 & ").size(), 9 * widths);
  EXPECT_EQ(LinesWith(text, "begin{tabular}").size(), 3 * widths);
  EXPECT_EQ(LinesWith(text, "end{tabular}").size(), 3 * widths);
  EXPECT_EQ(LinesWith(text, "Columns: optimizer.name").size(), 3 * widths);
  EXPECT_EQ(LinesWith(text, "}{c}{").size(), 3 * widths);
}

TEST(AblationText, ANaNResultIsShownAsOneInEveryFormat) {
  v1::GetAblationTableResponse table;
  table.add_rows("model.block");
  table.add_cols("optimizer.name");
  table.add_metrics("eval_loss");
  v1::AblationCell* cell = AddCell(table, "op", "adam");
  AddStatistic(cell, 2, std::nan(""), 0);
  cell->mutable_statistics(0)->clear_standard_deviation();
  cell->set_diverged(1);
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("NaN (2, 1 diverged)"));
  EXPECT_THAT(RenderAblation(table, TableFormat::kCsv), HasSubstr("op,adam,eval_loss,NaN,,2,2,1,0,0"));
  EXPECT_EQ(nlohmann::json::parse(RenderAblation(table, TableFormat::kJson))["cells"][0]["values"]["eval_loss"]["mean"],
            "NaN");
}

TEST(AblationText, WithoutColumnKeysEveryMetricIsAColumn) {
  v1::GetAblationTableResponse table;
  for (const char* key : {"model.block", "optimizer.name"}) table.add_rows(key);
  for (const char* metric : {"eval_loss", "kurtosis_max"}) table.add_metrics(metric);
  v1::AblationCell* cell = table.add_cells();
  for (const char* value : {"op", "adam"}) cell->add_row_values(value);
  AddStatistic(cell, 1, 3.5, 0);
  AddStatistic(cell, 1, 1.5, 0);
  EXPECT_THAT(RenderAblation(table, TableFormat::kText),
              HasSubstr("model.block  optimizer.name  eval_loss  kurtosis_max\n"
                        "op           adam            3.500 (1)  1.500 (1)\n"));
  EXPECT_THAT(RenderAblation(table, TableFormat::kLatex),
              HasSubstr("model.block & optimizer.name & eval\\_loss & kurtosis\\_max"));
  EXPECT_THAT(RenderAblation(table, TableFormat::kLatex), Not(HasSubstr("cmidrule")));
}

TEST(AblationText, AMetricThatNoTrialHasIsSaidInsteadOfATableOfDashes) {
  v1::GetAblationTableResponse table;
  table.add_rows("model.block");
  table.add_cols("optimizer.name");
  table.add_metrics("int8_perplexity");
  AddStatistic(AddCell(table, "op", "adam"), 0, 0, 0);
  EXPECT_THAT(RenderAblation(table, TableFormat::kText), HasSubstr("int8_perplexity: no trial has a value"));
}

}  // namespace
}  // namespace ofsweep
