#include "cli/ablation_grid.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/format.h"
#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/quantisation_bits.h"

namespace ofsweep {
namespace {

void AddOnce(const AblationGrid::Values& value, std::vector<AblationGrid::Values>& values) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// "weights in 8 bits and activations in 4", "weights and activations in 4 bits", "unrounded weights and …".
std::string InWords(QuantisationBits bits) {
  const auto is_rounded = [](int count) { return count != QuantisationBits::kUnrounded; };
  const bool both = is_rounded(bits.weights) && is_rounded(bits.activations);
  if (bits.weights == bits.activations) {
    return both ? absl::StrCat("weights and activations in ", bits.weights, " bits")
                : "unrounded weights and activations";
  }
  if (both) return absl::StrCat("weights in ", bits.weights, " bits and activations in ", bits.activations);
  return is_rounded(bits.weights) ? absl::StrCat("weights in ", bits.weights, " bits and unrounded activations")
                                  : absl::StrCat("unrounded weights and activations in ", bits.activations, " bits");
}

// "validation perplexity with weights and activations in 6 bits" for w6a6_perplexity; "" for a metric that is of no
// rounded model. Which bits there are is up to the trials, so that no table has a row for each.
std::string RoundedDescription(const std::string& metric) {
  const std::size_t ending = metric.find('_');
  const auto bits = ParseQuantisationBits(metric.substr(0, ending));
  if (!bits.ok()) return "";
  return absl::StrCat("validation ", metric.substr(ending + 1), " with ", InWords(*bits));
}

}  // namespace

AblationGrid::AblationGrid(const v1::GetAblationTableResponse& table) : table_(table) {
  for (const v1::AblationCell& cell : table.cells()) {
    const Values row(cell.row_values().begin(), cell.row_values().end());
    const Values col(cell.col_values().begin(), cell.col_values().end());
    AddOnce(row, rows_);
    AddOnce(col, cols_);
    cells_[{row, col}] = &cell;
  }
  for (int metric = 0; metric < table.metrics_size(); ++metric) best_means_.push_back(BestMean(metric));
}

const v1::AblationCell* AblationGrid::Find(const Values& row, const Values& col, int metric) const {
  const auto found = cells_.find({row, col});
  return found == cells_.end() || metric >= found->second->statistics_size() ? nullptr : found->second;
}

std::optional<double> AblationGrid::BestMean(int metric) const {
  const Better better = BetterOf(table_.metrics(metric));
  if (better == Better::kNeither) return std::nullopt;
  std::optional<double> first, best;
  bool differ = false;
  for (const v1::AblationCell& cell : table_.cells()) {
    if (metric >= cell.statistics_size() || !cell.statistics(metric).has_mean()) continue;
    const double mean = cell.statistics(metric).mean();
    if (!first) first = mean;
    differ |= mean != *first;
    if (!std::isfinite(mean) || cell.diverged() > 0) continue;
    if (!best || (better == Better::kLower ? mean < *best : mean > *best)) best = mean;
  }
  return differ ? best : std::nullopt;
}

std::string AblationGrid::CellText(const Values& row, const Values& col, int metric,
                                   const CellSpelling& spelling) const {
  const v1::AblationCell* cell = Find(row, col, metric);
  if (cell == nullptr) return spelling.none;
  const v1::CellStatistic& statistic = cell->statistics(metric);
  std::vector<std::string> notes;
  std::string value = spelling.none;
  if (statistic.has_mean()) {
    notes.push_back(statistic.count() == cell->trials() ? absl::StrCat(statistic.count())
                                                        : absl::StrCat(statistic.count(), " of ", cell->trials()));
    value = absl::StrReplaceAll(FormatNumber(statistic.mean()), {{"-", spelling.minus}});
    if (statistic.has_standard_deviation()) {
      const int decimals = DecimalsOf(statistic.mean());
      absl::StrAppend(&value, spelling.plus_minus,
                      decimals >= 0 ? FormatFixed(statistic.standard_deviation(), decimals)
                                    : FormatNumber(statistic.standard_deviation(), 2));
    }
    const bool is_best = statistic.mean() == best_means_[metric] && cell->diverged() == 0;
    if (is_best) value = absl::StrCat(spelling.bold_begin, value, spelling.bold_end);
  }
  if (cell->diverged() > 0) notes.push_back(absl::StrCat(cell->diverged(), " diverged"));
  if (cell->failed() > 0) notes.push_back(absl::StrCat(cell->failed(), " failed"));
  if (cell->missing() > 0) notes.push_back(absl::StrCat(cell->missing(), " missing"));
  if (!cell->mixed().empty()) notes.emplace_back("mixed");
  if (cell->has_best_value()) {
    notes.push_back(spelling.escape(absl::StrCat(ShortName(table_.best()), "=", cell->best_value())));
  }
  if (!notes.empty()) absl::StrAppend(&value, " (", absl::StrJoin(notes, ", "), ")");
  return value;
}

std::string AblationGrid::DifferenceText(const Values& row, const Values& col, int metric,
                                         const CellSpelling& spelling) const {
  const v1::AblationCell* cell = Find(row, col, metric);
  if (cell == nullptr) return spelling.none;
  const v1::PairedDifference& difference = cell->statistics(metric).difference();
  if (!difference.has_mean()) return spelling.none;
  const auto spelled = [&](double value, int significant = 4) {
    return absl::StrReplaceAll(FormatNumber(value, significant), {{"-", spelling.minus}});
  };
  std::string text = spelled(difference.mean());
  if (difference.has_low()) {
    absl::StrAppend(&text, " [", spelled(difference.low()), ", ", spelled(difference.high()), "]");
  }
  absl::StrAppend(&text, ", p ", difference.has_adjusted_p() ? spelled(difference.adjusted_p(), 2) : spelling.none,
                  " (", difference.pairs(), ")");
  return text;
}

std::string ShortName(const std::string& key) {
  return key == "optimizer.learning_rate" ? "lr" : key.substr(key.rfind('.') + 1);
}

OutcomeCounts CountOutcomes(const v1::GetAblationTableResponse& table) {
  OutcomeCounts counts;
  const auto add = [&](const auto& outcomes) {
    const std::uint32_t dropped = table.drop_diverged() ? outcomes.diverged() : 0;
    counts.trials += outcomes.trials() + outcomes.failed() + outcomes.missing() + dropped;
    counts.diverged += outcomes.diverged();
    counts.failed += outcomes.failed();
    counts.missing += outcomes.missing();
  };
  for (const v1::AblationCell& cell : table.cells()) {
    add(cell);
    add(cell.passed_over());
  }
  return counts;
}

bool IsPartial(const v1::GetAblationTableResponse& table) {
  const OutcomeCounts counts = CountOutcomes(table);
  return counts.failed > 0 || counts.missing > 0;
}

bool HasValues(const v1::GetAblationTableResponse& table, int metric) {
  return std::any_of(table.cells().begin(), table.cells().end(), [metric](const v1::AblationCell& cell) {
    return metric < cell.statistics_size() && cell.statistics(metric).has_mean();
  });
}

std::string MetricDescription(const std::string& metric) {
  if (const ResultNumber* number = FindResultNumber(metric)) return std::string(number->meaning);
  const auto column = ParseMetricColumn(metric);
  if (!column.ok()) return "";
  const Metric& known = *FindMetric(column->metric);
  const bool is_max = column->over_steps == MetricColumn::OverSteps::kMax;
  const std::string rounded = RoundedDescription(column->metric);
  std::string text = !rounded.empty() && !is_max ? rounded
                     : is_max                    ? "largest of the measured steps, NaN left out"
                                                 : "newest value";
  if (column->over_layers == MetricColumn::OverLayers::kMax) text += ", largest layer";
  if (column->over_layers == MetricColumn::OverLayers::kMean) text += ", mean over the layers";
  return known.unit.empty() ? text : absl::StrCat(text, ", ", std::string(known.unit));
}

}  // namespace ofsweep
