#pragma once

#include <string>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

enum class TableFormat { kText, kMarkdown, kLatex, kCsv, kJson };

// An ablation table as text, with a newline at its end.
//   text, markdown  one table a metric (or one table with a column a metric, when the table has no column keys)
//   latex           booktabs tabulars, columns grouped by metric, no wider (scaled where one column is already) and no
//                   longer than a page
//   csv, json       tidy: one line or entry a cell and metric, full precision
// A cell for people reads "mean ± standard deviation (trials)", and says how many of its trials diverged, failed or are
// missing; "—" is no value. The best mean of each metric is bold, as text on a terminal alone. All but csv name the
// keys that a cell averages over, and say when trials have no outcome.
std::string RenderAblation(const v1::GetAblationTableResponse& table, TableFormat format, bool is_terminal = false);

}  // namespace ofsweep
