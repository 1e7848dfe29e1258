#include "cli/ablation_text.h"

#include <map>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/ablation_grid.h"
#include "cli/format.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using Lines = std::vector<std::vector<std::string>>;
using Values = AblationGrid::Values;
using Pooled = std::vector<std::string>;

std::string ColumnTitle(const v1::GetAblationTableResponse& table, const Values& col) {
  // One column key needs no "key=": its values speak, and the caption names the key.
  if (table.cols_size() == 1) return col[0];
  std::vector<std::string> parts;
  for (int i = 0; i < table.cols_size(); ++i) parts.push_back(absl::StrCat(table.cols(i), "=", col[i]));
  return absl::StrJoin(parts, " ");
}

std::vector<int> AllMetrics(const v1::GetAblationTableResponse& table) {
  std::vector<int> metrics(table.metrics_size());
  for (int i = 0; i < table.metrics_size(); ++i) metrics[i] = i;
  return metrics;
}

// Row keys, then for each metric and column one cell.
Lines Cells(const AblationGrid& grid, const std::vector<int>& metrics, const CellSpelling& spelling) {
  Lines lines;
  for (const Values& row : grid.rows()) {
    lines.push_back(row);
    for (int metric : metrics) {
      for (const Values& col : grid.cols()) lines.back().push_back(CellText(grid.Find(row, col), metric, spelling));
    }
  }
  return lines;
}

std::vector<std::string> RowKeys(const v1::GetAblationTableResponse& table) {
  return {table.rows().begin(), table.rows().end()};
}

std::string MarkdownTable(const Lines& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    absl::StrAppend(&text, "| ", absl::StrJoin(lines[i], " | "), " |\n");
    if (i == 0) {
      text += "|";
      for (std::size_t column = 0; column < lines[0].size(); ++column) text += "---|";
      text += "\n";
    }
  }
  return text;
}

std::string Caption(const v1::GetAblationTableResponse& table, int metric) {
  const std::string& name = table.metrics(metric);
  const std::string description = MetricDescription(name);
  std::string caption = description.empty() ? name : absl::StrCat(name, ": ", description);
  if (table.cols_size() == 1) absl::StrAppend(&caption, "; columns: ", table.cols(0));
  return caption;
}

// "(trials) over seed": a cell's number of trials, and what they differ in.
std::string Trials(const Pooled& pooled) {
  return absl::StrCat("(trials)", pooled.empty() ? "" : " over ", absl::StrJoin(pooled, ", "));
}

std::string ForPeople(const v1::GetAblationTableResponse& table, const Pooled& pooled, bool markdown) {
  const AblationGrid grid(table);
  const auto layout = [markdown](const Lines& lines) { return markdown ? MarkdownTable(lines) : AlignColumns(lines); };
  std::string text;
  if (table.cols().empty()) {
    Lines lines = {RowKeys(table)};
    lines[0].insert(lines[0].end(), table.metrics().begin(), table.metrics().end());
    for (auto& line : Cells(grid, AllMetrics(table), {})) lines.push_back(std::move(line));
    text = absl::StrCat(layout(lines), "\n");
  } else {
    for (int metric : AllMetrics(table)) {
      if (!HasValues(table, metric)) {
        absl::StrAppend(&text, table.metrics(metric), ": no trial has a value\n\n");
        continue;
      }
      Lines lines = {RowKeys(table)};
      for (const Values& col : grid.cols()) lines[0].push_back(ColumnTitle(table, col));
      for (auto& line : Cells(grid, {metric}, {})) lines.push_back(std::move(line));
      absl::StrAppend(&text, Caption(table, metric), "\n", markdown ? "\n" : "", layout(lines), "\n");
    }
  }
  return absl::StrCat(text, "A cell is mean ± standard deviation ", Trials(pooled), ".\n");
}

std::string LatexEscape(std::string_view text) {
  static const std::map<char, std::string> kSpecial = {{'&', "\\&"},
                                                       {'%', "\\%"},
                                                       {'$', "\\$"},
                                                       {'#', "\\#"},
                                                       {'_', "\\_"},
                                                       {'{', "\\{"},
                                                       {'}', "\\}"},
                                                       {'~', "\\textasciitilde{}"},
                                                       {'^', "\\textasciicircum{}"},
                                                       {'\\', "\\textbackslash{}"}};
  std::string escaped;
  for (char c : text) {
    const auto found = kSpecial.find(c);
    if (found == kSpecial.end()) {
      escaped += c;
    } else {
      escaped += found->second;
    }
  }
  return escaped;
}

std::string Latex(const v1::GetAblationTableResponse& table, const Pooled& pooled) {
  const AblationGrid grid(table);
  const int keys = table.rows_size(), columns = static_cast<int>(grid.cols().size());
  std::string groups, rules, titles;
  for (int i = 0; i < keys; ++i) absl::StrAppend(&titles, i == 0 ? "" : " & ", LatexEscape(table.rows(i)));
  for (int metric : AllMetrics(table)) {
    const std::string name = LatexEscape(table.metrics(metric));
    const int first = keys + metric * columns + 1;
    absl::StrAppend(&groups, " & \\multicolumn{", columns, "}{c}{", name, "}");
    absl::StrAppend(&rules, "\\cmidrule(lr){", first, "-", first + columns - 1, "}");
    for (const Values& col : grid.cols()) {
      absl::StrAppend(&titles, " & ", table.cols().empty() ? name : LatexEscape(ColumnTitle(table, col)));
    }
  }
  std::string text =
      absl::StrCat("% needs \\usepackage{booktabs}; a cell is mean, standard deviation ", Trials(pooled), "\n");
  absl::StrAppend(&text, "\\begin{tabular}{", std::string(keys, 'l'), std::string(table.metrics_size() * columns, 'r'),
                  "}\n\\toprule\n");
  if (!table.cols().empty()) absl::StrAppend(&text, std::string(keys - 1, '&'), groups, " \\\\\n", rules, "\n");
  absl::StrAppend(&text, titles, " \\\\\n\\midrule\n");
  for (auto& line : Cells(grid, AllMetrics(table), {.plus_minus = " $\\pm$ ", .none = "---"})) {
    for (int i = 0; i < keys; ++i) line[i] = LatexEscape(line[i]);
    absl::StrAppend(&text, absl::StrJoin(line, " & "), " \\\\\n");
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string Csv(const v1::GetAblationTableResponse& table) {
  std::string text;
  for (const auto* keys : {&table.rows(), &table.cols()}) {
    for (const std::string& key : *keys) absl::StrAppend(&text, CsvField(key), ",");
  }
  text += "metric,mean,standard_deviation,count,trials,diverged,missing\n";
  for (const v1::AblationCell& cell : table.cells()) {
    std::string values;
    for (const auto* part : {&cell.row_values(), &cell.col_values()}) {
      for (const std::string& value : *part) absl::StrAppend(&values, CsvField(value), ",");
    }
    for (int metric = 0; metric < cell.statistics_size(); ++metric) {
      const v1::CellStatistic& statistic = cell.statistics(metric);
      absl::StrAppend(&text, values, table.metrics(metric), ",",
                      statistic.has_mean() ? CsvNumber(statistic.mean()) : "", ",",
                      statistic.has_standard_deviation() ? CsvNumber(statistic.standard_deviation()) : "", ",",
                      statistic.count(), ",", cell.trials(), ",", cell.diverged(), ",", cell.missing(), "\n");
    }
  }
  return text;
}

// A number or a boolean where the trial key's values are such.
nlohmann::ordered_json JsonOf(const std::string& key, const std::string& text) {
  const TrialKey* row = FindTrialKey(key);
  if (row == nullptr ||
      (row->type != KeyType::kBoolean && row->type != KeyType::kInteger && row->type != KeyType::kNumber))
    return text;
  const absl::StatusOr<Value> value = ParseValue(*row, text);
  return value.ok() ? nlohmann::ordered_json(ToJson(*value)) : nlohmann::ordered_json(text);
}

std::string Json(const v1::GetAblationTableResponse& table, const Pooled& pooled) {
  nlohmann::ordered_json document = {
      {"rows", table.rows()}, {"cols", table.cols()}, {"pooled", pooled}, {"metrics", table.metrics()}};
  document["cells"] = nlohmann::ordered_json::array();
  for (const v1::AblationCell& cell : table.cells()) {
    nlohmann::ordered_json entry;
    for (int i = 0; i < table.rows_size(); ++i)
      entry["keys"][table.rows(i)] = JsonOf(table.rows(i), cell.row_values(i));
    for (int i = 0; i < table.cols_size(); ++i)
      entry["keys"][table.cols(i)] = JsonOf(table.cols(i), cell.col_values(i));
    entry["trials"] = cell.trials();
    entry["diverged"] = cell.diverged();
    entry["missing"] = cell.missing();
    for (int metric = 0; metric < cell.statistics_size(); ++metric) {
      const v1::CellStatistic& statistic = cell.statistics(metric);
      nlohmann::ordered_json& value = entry["values"][table.metrics(metric)];
      value["count"] = statistic.count();
      value["mean"] = statistic.has_mean() ? JsonNumber(statistic.mean()) : nullptr;
      value["standard_deviation"] =
          statistic.has_standard_deviation() ? JsonNumber(statistic.standard_deviation()) : nullptr;
    }
    document["cells"].push_back(std::move(entry));
  }
  return document.dump(2) + "\n";
}

}  // namespace

std::string RenderAblation(const v1::GetAblationTableResponse& table, TableFormat format,
                           const std::vector<std::string>& pooled) {
  switch (format) {
    case TableFormat::kText:
    case TableFormat::kMarkdown:
      return ForPeople(table, pooled, format == TableFormat::kMarkdown);
    case TableFormat::kLatex:
      return Latex(table, pooled);
    case TableFormat::kCsv:
      return Csv(table);
    case TableFormat::kJson:
      return Json(table, pooled);
  }
  return "";
}

}  // namespace ofsweep
