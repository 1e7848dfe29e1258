#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// How a cell is spelled in a format.
struct CellSpelling {
  std::string plus_minus = " ± ";
  std::string none = "—";
  std::string minus = "-";
  // Around the best mean of a metric.
  std::string bold_begin;
  std::string bold_end;
  std::string (*escape)(std::string_view text) = [](std::string_view text) { return std::string(text); };
};

// A table by position: the rows and columns that the cells of a response name, in the order of their first cell.
class AblationGrid {
 public:
  using Values = std::vector<std::string>;

  // `table` must outlive the grid.
  explicit AblationGrid(const v1::GetAblationTableResponse& table);

  const std::vector<Values>& rows() const { return rows_; }
  const std::vector<Values>& cols() const { return cols_; }

  // "14.40 ± 2.10 (3)", "1.234 (1, 1 missing)", "3.100 ± 0.10 (2 of 3, 1 diverged)", "— (2 diverged, 1 failed)", "—";
  // with the best value of a key "2.893 ± 0.012 (3, lr=0.003)".
  std::string CellText(const Values& row, const Values& col, int metric, const CellSpelling& spelling) const;

  // How the cell differs from the baseline's: "-9.000 [-10.00, -8.000], p 0.062 (6)" with its interval, the p that is
  // adjusted for all cells, and how many pairs; "—" for the baseline itself, and where there is no pair.
  std::string DifferenceText(const Values& row, const Values& col, int metric, const CellSpelling& spelling) const;

  // The best mean of a metric: the lowest or the highest, as the metric says, of the cells without a diverged trial.
  // None where fewer than two cells have a mean, where no such mean is finite, and where the metric does not say.
  std::optional<double> BestMean(int metric) const;

 private:
  // nullptr where the sweeps have no such trial.
  const v1::AblationCell* Find(const Values& row, const Values& col, int metric) const;

  const v1::GetAblationTableResponse& table_;
  std::vector<Values> rows_, cols_;
  std::map<std::pair<Values, Values>, const v1::AblationCell*> cells_;
  std::vector<std::optional<double>> best_means_;  // by metric
};

// What people call a key where it stands beside each value: "lr" of optimizer.learning_rate, else what is behind the
// last dot.
std::string ShortName(const std::string& key);

// What became of all trials of a table, those of values that were passed over too.
struct OutcomeCounts {
  std::uint64_t trials = 0;
  std::uint64_t diverged = 0;
  std::uint64_t failed = 0;
  std::uint64_t missing = 0;
};
OutcomeCounts CountOutcomes(const v1::GetAblationTableResponse& table);

// Trials of the table have no outcome, or failed.
bool IsPartial(const v1::GetAblationTableResponse& table);

// True when any cell has a value of the metric.
bool HasValues(const v1::GetAblationTableResponse& table, int metric);

// Unit and meaning of a column of `results`, in a few words; "" when the name says all.
std::string MetricDescription(const std::string& metric);

}  // namespace ofsweep
