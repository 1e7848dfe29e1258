// LaTeX itself sets the tables that are meant for it: nothing is missing, and none is wider or longer than a page.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "cli/ablation_text.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What LaTeX says of an article that holds the table alone.
std::string SetInLatex(const v1::GetAblationTableResponse& table) {
  const TemporaryFolder folder;
  std::ofstream(folder.File("table.tex"))
      << "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n"
      << RenderAblation(table, TableFormat::kLatex) << "\\end{document}\n";
  const std::string command = absl::StrCat("cd ", folder.path().string(), " && ", OFSWEEP_PDFLATEX,
                                           " -interaction=nonstopmode -halt-on-error table.tex >said 2>&1");
  const int status = std::system(command.c_str());
  std::ifstream said(folder.File("said"));
  std::string text{std::istreambuf_iterator<char>(said), std::istreambuf_iterator<char>()};
  EXPECT_EQ(status, 0) << text;
  return text;
}

const auto kFits = AllOf(HasSubstr("Output written"), Not(HasSubstr("Overfull")), Not(HasSubstr("LaTeX Warning")));

void AddCell(v1::GetAblationTableResponse& table, const std::vector<std::string>& row,
             const std::vector<std::string>& col, int place) {
  v1::AblationCell& cell = *table.add_cells();
  for (const std::string& value : row) cell.add_row_values(value);
  for (const std::string& value : col) cell.add_col_values(value);
  cell.set_trials(10);
  cell.set_diverged(place % 3 == 1 ? 1 : 0);
  if (!table.best().empty()) cell.set_best_value("0.0025");
  for (int metric = 0; metric < table.metrics_size(); ++metric) {
    v1::CellStatistic& statistic = *cell.add_statistics();
    statistic.set_count(10);
    statistic.set_mean(1234.5 - 100 * place);
    statistic.set_standard_deviation(123.4);
    if (table.baseline().empty() || place == 0) continue;
    v1::PairedDifference& difference = *statistic.mutable_difference();
    difference.set_pairs(10);
    difference.set_mean(-1234.5);
    difference.set_low(-2345.6);
    difference.set_high(-123.4);
    difference.set_p(0.001953125);
    difference.set_adjusted_p(0.0078125);
  }
}

// Three blocks × two optimisers, with names that LaTeX would take for commands.
v1::GetAblationTableResponse Blocks() {
  v1::GetAblationTableResponse table;
  table.add_rows("model.block");
  table.add_cols("optimizer.name");
  for (const char* metric : {"eval_loss", "kurtosis_max", "w8a4_perplexity", "w8a4_perplexity_delta"}) {
    table.add_metrics(metric);
  }
  return table;
}

void AddCells(v1::GetAblationTableResponse& table) {
  int place = 0;
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    for (const char* optimizer : {"adam", "soap"}) AddCell(table, {block}, {optimizer}, place++);
  }
}

TEST(Latex, SetsMeans) {
  v1::GetAblationTableResponse table = Blocks();
  AddCells(table);
  EXPECT_THAT(SetInLatex(table), kFits);
}

TEST(Latex, SetsDifferences) {
  v1::GetAblationTableResponse table = Blocks();
  (*table.mutable_baseline())["model.block"] = "pre_norm";
  AddCells(table);
  EXPECT_THAT(SetInLatex(table), kFits);
}

// The line that says so is wider than the table.
TEST(Latex, SetsDifferencesFromALongBaseline) {
  v1::GetAblationTableResponse table;
  table.add_rows("sweep");
  table.add_cols("optimizer.learning_rate");
  table.add_metrics("eval_loss");
  (*table.mutable_baseline())["sweep"] = "block-optimizer-small-with-a-name-of-sixty-four-letters-at-most";
  (*table.mutable_baseline())["optimizer.learning_rate"] = "0.35355339059327379";
  int place = 0;
  for (const char* rate : {"0.001", "0.01"}) AddCell(table, {"small"}, {rate}, place++);
  EXPECT_THAT(SetInLatex(table), kFits);
}

TEST(Latex, SetsTunedCellsAndTheirDifferences) {
  v1::GetAblationTableResponse table = Blocks();
  table.set_best("optimizer.learning_rate");
  (*table.mutable_baseline())["model.block"] = "pre_norm";
  AddCells(table);
  EXPECT_THAT(SetInLatex(table), kFits);
}

// A row for each of many arms, and the names of the sweeps beside them.
TEST(Latex, SetsTwoSweepsWithManyArms) {
  v1::GetAblationTableResponse table;
  for (const char* key : {"sweep", "optimizer.learning_rate"}) table.add_rows(key);
  for (const char* metric : {"eval_loss", "kurtosis_max", "tokens_per_second"}) table.add_metrics(metric);
  table.add_further_sweeps("block-optimizer_small#2");
  (*table.mutable_baseline())["sweep"] = "block-optimizer-small";
  int place = 0;
  for (const char* sweep : {"block-optimizer-small", "block-optimizer_small#2"}) {
    for (int rate = 0; rate < 40; ++rate) AddCell(table, {sweep, absl::StrCat("0.00", rate)}, {}, place++);
  }
  EXPECT_THAT(SetInLatex(table), kFits);
}

TEST(Latex, SetsColumnsOfTwoKeysWithLongValues) {
  v1::GetAblationTableResponse table;
  table.add_rows("optimizer.name");
  for (const char* key : {"sweep", "model.residual_scale"}) table.add_cols(key);
  for (const char* metric : {"eval_loss", "kurtosis@block.max:max"}) table.add_metrics(metric);
  int place = 0;
  for (const char* sweep : {"first", "a-second-one-with-a-long-name"}) {
    for (const char* scale : {"0.1", "0.35355339059327379"}) AddCell(table, {"adam"}, {sweep, scale}, place++);
  }
  EXPECT_THAT(SetInLatex(table), kFits);
}

}  // namespace
}  // namespace ofsweep
