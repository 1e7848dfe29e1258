#include "cli/ablation_grid.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"
#include "experiment/quantisation_bits.h"

namespace ofsweep {
namespace {

void AddOnce(const AblationGrid::Values& value, std::vector<AblationGrid::Values>& values) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// Of int8_perplexity, w8a4_perplexity and the like; "" of anything else.
std::string RoundedDescription(std::string_view metric) {
  constexpr std::string_view kPerplexity = "_perplexity";
  if (!metric.ends_with(kPerplexity)) return "";
  metric.remove_suffix(kPerplexity.size());
  if (metric == "int8") return "validation perplexity with weights and activations in int8";
  const auto bits = ParseQuantisationBits(metric);
  if (!bits.ok()) return "";
  return bits->weights == bits->activations
             ? absl::StrCat("validation perplexity with weights and activations in ", bits->weights, " bits")
             : absl::StrCat("validation perplexity with weights in ", bits->weights, " bits and activations in ",
                            bits->activations);
}

}  // namespace

AblationGrid::AblationGrid(const v1::GetAblationTableResponse& table) {
  for (const v1::AblationCell& cell : table.cells()) {
    const Values row(cell.row_values().begin(), cell.row_values().end());
    const Values col(cell.col_values().begin(), cell.col_values().end());
    AddOnce(row, rows_);
    AddOnce(col, cols_);
    cells_[{row, col}] = &cell;
  }
}

const v1::AblationCell* AblationGrid::Find(const Values& row, const Values& col) const {
  const auto found = cells_.find({row, col});
  return found == cells_.end() ? nullptr : found->second;
}

std::string CellText(const v1::AblationCell* cell, int metric, const CellSpelling& spelling) {
  if (cell == nullptr || metric >= cell->statistics_size()) return spelling.none;
  const v1::CellStatistic& statistic = cell->statistics(metric);
  std::vector<std::string> notes;
  std::string value = spelling.none;
  if (statistic.has_mean()) {
    notes.push_back(statistic.count() == cell->trials() ? absl::StrCat(statistic.count())
                                                        : absl::StrCat(statistic.count(), " of ", cell->trials()));
    value = FormatNumber(statistic.mean());
    if (statistic.has_standard_deviation()) {
      const int decimals = DecimalsOf(statistic.mean());
      absl::StrAppend(&value, spelling.plus_minus,
                      decimals >= 0 ? FormatFixed(statistic.standard_deviation(), decimals)
                                    : FormatNumber(statistic.standard_deviation(), 2));
    }
  }
  if (cell->diverged() > 0) notes.push_back(absl::StrCat(cell->diverged(), " diverged"));
  if (cell->failed() > 0) notes.push_back(absl::StrCat(cell->failed(), " failed"));
  if (cell->missing() > 0) notes.push_back(absl::StrCat(cell->missing(), " missing"));
  if (!cell->mixed().empty()) notes.push_back("mixed");
  if (!notes.empty()) absl::StrAppend(&value, " (", absl::StrJoin(notes, ", "), ")");
  return value;
}

OutcomeCounts CountOutcomes(const v1::GetAblationTableResponse& table) {
  OutcomeCounts counts;
  for (const v1::AblationCell& cell : table.cells()) {
    counts.trials += cell.trials() + cell.failed() + cell.missing() + (table.drop_diverged() ? cell.diverged() : 0);
    counts.diverged += cell.diverged();
    counts.failed += cell.failed();
    counts.missing += cell.missing();
  }
  return counts;
}

bool HasValues(const v1::GetAblationTableResponse& table, int metric) {
  return std::any_of(table.cells().begin(), table.cells().end(), [metric](const v1::AblationCell& cell) {
    return metric < cell.statistics_size() && cell.statistics(metric).has_mean();
  });
}

std::string MetricDescription(const std::string& metric) {
  static const std::map<std::string, std::string> kDescriptions = {
      {"train_loss", "training loss at the last measured step, nats a token"},
      {"eval_loss", "validation loss, nats a token"},
      {"eval_perplexity", "validation perplexity"},
      {"kurtosis_mean", "kurtosis (1 to width), mean over the blocks at the last measured step"},
      {"kurtosis_max", "kurtosis (1 to width), largest block at the last measured step"},
      {"kurtosis_peak", "kurtosis (1 to width), largest over blocks and steps"},
      {"mmr_max", "max-median ratio, largest block at the last measured step"},
      {"wall_seconds", "time of all attempts with start-up, data preparation and evaluation, seconds"},
  };
  const auto found = kDescriptions.find(metric);
  return found == kDescriptions.end() ? RoundedDescription(metric) : found->second;
}

}  // namespace ofsweep
