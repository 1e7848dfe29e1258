#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// A table by position: the rows and columns that the cells of a response name, in the order of their first cell.
class AblationGrid {
 public:
  using Values = std::vector<std::string>;

  // `table` must outlive the grid.
  explicit AblationGrid(const v1::GetAblationTableResponse& table);

  const std::vector<Values>& rows() const { return rows_; }
  const std::vector<Values>& cols() const { return cols_; }

  // nullptr where the sweep has no such trial.
  const v1::AblationCell* Find(const Values& row, const Values& col) const;

 private:
  std::vector<Values> rows_, cols_;
  std::map<std::pair<Values, Values>, const v1::AblationCell*> cells_;
};

// How a cell is spelled in a format.
struct CellSpelling {
  std::string plus_minus = " ± ";
  std::string none = "—";
  std::string minus = "-";
};

// "14.40 ± 2.10 (3)", "1.234 (1, 1 missing)", "3.100 ± 0.10 (2 of 3, 1 diverged)", "— (2 diverged, 1 failed)", "—".
std::string CellText(const v1::AblationCell* cell, int metric, const CellSpelling& spelling);

// How the cell differs from the baseline's: "-9.000 [-10.00, -8.000], p 0.062 (6)" with its interval, the p that is
// adjusted for all cells, and how many pairs; "—" for the baseline itself, and where there is no pair.
std::string DifferenceText(const v1::AblationCell* cell, int metric, const CellSpelling& spelling);

// What became of all trials of a table.
struct OutcomeCounts {
  std::uint64_t trials = 0;
  std::uint64_t diverged = 0;
  std::uint64_t failed = 0;
  std::uint64_t missing = 0;
};
OutcomeCounts CountOutcomes(const v1::GetAblationTableResponse& table);

// True when any cell has a value of the metric.
bool HasValues(const v1::GetAblationTableResponse& table, int metric);

// Unit and meaning of a column of `results`, in a few words; "" when the name says all.
std::string MetricDescription(const std::string& metric);

}  // namespace ofsweep
