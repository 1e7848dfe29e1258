#pragma once

#include <string>
#include <vector>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

enum class TableFormat { kText, kMarkdown, kLatex, kCsv, kJson };

// An ablation table as text, with a newline at its end.
//   text, markdown  one table a metric (or one table with a column a metric, when the table has no column keys)
//   latex           one booktabs tabular, columns grouped by metric
//   csv, json       tidy: one line or entry a cell and metric, full precision
// A cell for people reads "mean ± standard deviation (trials)", and says how many of its trials diverged or are
// missing; "—" is no value. `pooled` are the varied keys that a cell averages over; all but csv name them.
std::string RenderAblation(const v1::GetAblationTableResponse& table, TableFormat format,
                           const std::vector<std::string>& pooled = {});

}  // namespace ofsweep
