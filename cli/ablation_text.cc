#include "cli/ablation_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/ablation_grid.h"
#include "cli/format.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using Lines = std::vector<std::vector<std::string>>;
using Values = AblationGrid::Values;

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

// What of a cell is shown: CellText or DifferenceText.
using Shown = std::string (*)(const v1::AblationCell* cell, int metric, const CellSpelling& spelling);

// Row keys, then for each metric and column one cell.
Lines Cells(const AblationGrid& grid, const std::vector<int>& metrics, Shown shown) {
  Lines lines;
  for (const Values& row : grid.rows()) {
    lines.push_back(row);
    for (int metric : metrics) {
      for (const Values& col : grid.cols()) lines.back().push_back(shown(grid.Find(row, col), metric, {}));
    }
  }
  return lines;
}

// "model.block=pre_norm"
std::string BaselineName(const v1::GetAblationTableResponse& table) {
  const std::map<std::string, std::string> sorted(table.baseline().begin(), table.baseline().end());
  return absl::StrJoin(sorted, " ", absl::PairFormatter("="));
}

constexpr char kWhatADifferenceIs[] =
    "the mean over seeds that both have [95 % of it, by the percentile bootstrap], p of a paired permutation test, "
    "adjusted for the cells of a metric (Holm); with fewer than 6 pairs there is none (pairs)";

std::vector<std::string> RowKeys(const v1::GetAblationTableResponse& table) {
  return {table.rows().begin(), table.rows().end()};
}

// A path or a text may hold what ends a cell or a row.
std::string MarkdownEscape(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\r\n", "<br>"}, {"\n", "<br>"}, {"\r", "<br>"}});
}

std::string MarkdownTable(const Lines& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::string> cells;
    for (const std::string& cell : lines[i]) cells.push_back(MarkdownEscape(cell));
    absl::StrAppend(&text, "| ", absl::StrJoin(cells, " | "), " |\n");
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
std::string Trials(const v1::GetAblationTableResponse& table) {
  std::string text =
      absl::StrCat("(trials)", table.pooled().empty() ? "" : " over ", absl::StrJoin(table.pooled(), ", "));
  if (CountOutcomes(table).diverged > 0) {
    text += table.drop_diverged() ? "; diverged trials are left out" : "; diverged trials count with their last values";
  }
  return text;
}

// "" when every trial has an outcome.
std::string Partial(const v1::GetAblationTableResponse& table) {
  const OutcomeCounts counts = CountOutcomes(table);
  std::vector<std::string> parts;
  if (counts.failed > 0) parts.push_back(absl::StrCat(counts.failed, " failed"));
  if (counts.missing > 0) parts.push_back(absl::StrCat(counts.missing, " have no outcome yet"));
  if (parts.empty()) return "";
  return absl::StrCat("Partial: of ", counts.trials, " trials ", absl::StrJoin(parts, ", "), "; the sweep is ",
                      table.state(), ".");
}

// "" when no cell mixes trials that were made in different ways.
std::string Mixed(const v1::GetAblationTableResponse& table) {
  std::set<std::string> mixed;
  for (const v1::AblationCell& cell : table.cells()) mixed.insert(cell.mixed().begin(), cell.mixed().end());
  return mixed.empty() ? "" : absl::StrCat("Mixed: the trials of a cell differ in ", absl::StrJoin(mixed, ", "), ".");
}

// What a reader has to know to compare the cells.
std::vector<std::string> Remarks(const v1::GetAblationTableResponse& table) {
  std::vector<std::string> remarks;
  if (!table.uneven().empty()) {
    remarks.push_back(
        absl::StrCat("Uneven: cells average over different values of ", absl::StrJoin(table.uneven(), ", "), "."));
  }
  if (!table.confounded().empty()) {
    remarks.push_back(
        absl::StrCat("Not shown, and different from cell to cell: ", absl::StrJoin(table.confounded(), ", "), "."));
  }
  for (std::string remark : {Mixed(table), Partial(table)}) {
    if (!remark.empty()) remarks.push_back(std::move(remark));
  }
  return remarks;
}

// One table, or one a metric where there are columns.
std::string Tables(const v1::GetAblationTableResponse& table, bool markdown, Shown shown, const std::string& less) {
  const AblationGrid grid(table);
  const auto layout = [markdown](const Lines& lines) { return markdown ? MarkdownTable(lines) : AlignColumns(lines); };
  if (table.cols().empty()) {
    Lines lines = {RowKeys(table)};
    lines[0].insert(lines[0].end(), table.metrics().begin(), table.metrics().end());
    for (auto& line : Cells(grid, AllMetrics(table), shown)) lines.push_back(std::move(line));
    const std::string caption = less.empty() ? "" : absl::StrCat("Less ", less, ":\n", markdown ? "\n" : "");
    return absl::StrCat(caption, layout(lines), "\n");
  }
  std::string text;
  for (int metric : AllMetrics(table)) {
    if (!HasValues(table, metric)) {
      if (less.empty()) absl::StrAppend(&text, table.metrics(metric), ": no trial has a value\n\n");
      continue;
    }
    Lines lines = {RowKeys(table)};
    for (const Values& col : grid.cols()) lines[0].push_back(ColumnTitle(table, col));
    for (auto& line : Cells(grid, {metric}, shown)) lines.push_back(std::move(line));
    const std::string caption =
        less.empty() ? Caption(table, metric) : absl::StrCat(table.metrics(metric), " less that of ", less);
    absl::StrAppend(&text, caption, "\n", markdown ? "\n" : "", layout(lines), "\n");
  }
  return text;
}

std::string ForPeople(const v1::GetAblationTableResponse& table, bool markdown) {
  const std::string baseline = BaselineName(table);
  std::string text = Tables(table, markdown, CellText, "");
  if (!baseline.empty()) text += Tables(table, markdown, DifferenceText, baseline);
  absl::StrAppend(&text, "A cell is mean ± standard deviation ", Trials(table), ".\n");
  if (!baseline.empty()) {
    absl::StrAppend(&text, markdown ? "\n" : "", "A difference from ", baseline, " is ", kWhatADifferenceIs, ".\n");
  }
  for (const std::string& remark : Remarks(table)) absl::StrAppend(&text, markdown ? "\n" : "", remark, "\n");
  return text;
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

// One column of values.
struct LatexColumn {
  int metric = 0;
  const Values* col = nullptr;
  std::vector<std::string> cells;  // one for each row

  std::size_t Width(const std::string& title) const {
    std::size_t width = title.size();
    for (const std::string& cell : cells) width = std::max(width, DisplayWidth(cell));
    return width;
  }
};

// Characters that stand beside each other on a page of LaTeX's article, and lines below each other, roughly.
constexpr std::size_t kPageCharacters = 80;
constexpr std::size_t kPageLines = 40;

class LatexTable {
 public:
  explicit LatexTable(const v1::GetAblationTableResponse& table) : table_(table), grid_(table) {}

  std::string Text() const {
    std::string text =
        absl::StrCat("% needs \\usepackage{booktabs}; a cell is mean, standard deviation ", Trials(table_), "\n");
    for (const std::string& remark : Remarks(table_)) absl::StrAppend(&text, "% ", remark, "\n");
    text += Tabulars(CellText);
    const std::string baseline = BaselineName(table_);
    if (baseline.empty()) return text;
    return absl::StrCat(text, "\n% less ", baseline, ": ", kWhatADifferenceIs, "\n", Tabulars(DifferenceText));
  }

 private:
  std::string Tabulars(Shown shown) const {
    std::string text;
    for (const std::vector<LatexColumn>& columns : Pages(shown)) {
      for (std::size_t row = 0; row < grid_.rows().size(); row += kPageLines) {
        absl::StrAppend(&text, text.empty() ? "" : "\n", Tabular(columns, row));
      }
    }
    return text;
  }

  std::string Title(const LatexColumn& column) const {
    return table_.cols().empty() ? table_.metrics(column.metric) : ColumnTitle(table_, *column.col);
  }

  std::size_t RowKeysWidth() const {
    std::size_t width = 0;
    for (int i = 0; i < table_.rows_size(); ++i) {
      std::size_t widest = table_.rows(i).size();
      for (const Values& row : grid_.rows()) widest = std::max(widest, row[i].size());
      width += widest + kGap;
    }
    return width;
  }

  // The columns, as many together as are not too wide.
  std::vector<std::vector<LatexColumn>> Pages(Shown shown) const {
    std::vector<std::vector<LatexColumn>> pages;
    std::size_t room = 0;
    for (int metric : AllMetrics(table_)) {
      for (const Values& col : grid_.cols()) {
        LatexColumn column{.metric = metric, .col = &col};
        std::size_t width = kGap;
        for (const Values& row : grid_.rows()) {
          column.cells.push_back(
              shown(grid_.Find(row, col), metric, {.plus_minus = " $\\pm$ ", .none = "---", .minus = "$-$"}));
        }
        width += column.Width(Title(column));
        if (pages.empty() || width > room) {
          pages.emplace_back();
          room = kPageCharacters - std::min(kPageCharacters, RowKeysWidth());
        }
        room -= std::min(room, width);
        pages.back().push_back(std::move(column));
      }
    }
    return pages;
  }

  std::string Tabular(const std::vector<LatexColumn>& columns, std::size_t first_row) const {
    const std::size_t keys = table_.rows_size();
    std::vector<std::string> titles;
    for (const std::string& key : table_.rows()) titles.push_back(LatexEscape(key));
    for (const LatexColumn& column : columns) titles.push_back(LatexEscape(Title(column)));
    std::string text = absl::StrCat("\\begin{tabular}{", std::string(keys, 'l'), std::string(columns.size(), 'r'),
                                    "}\n\\toprule\n", table_.cols().empty() ? "" : MetricHeads(columns),
                                    absl::StrJoin(titles, " & "), " \\\\\n\\midrule\n");
    const std::size_t end = std::min(grid_.rows().size(), first_row + kPageLines);
    for (std::size_t row = first_row; row < end; ++row) {
      std::vector<std::string> line;
      for (const std::string& value : grid_.rows()[row]) line.push_back(LatexEscape(value));
      for (const LatexColumn& column : columns) line.push_back(column.cells[row]);
      absl::StrAppend(&text, absl::StrJoin(line, " & "), " \\\\\n");
    }
    return text + "\\bottomrule\n\\end{tabular}\n";
  }

  // The metrics' names above the columns of each.
  std::string MetricHeads(const std::vector<LatexColumn>& columns) const {
    const std::size_t keys = table_.rows_size();
    std::string heads(keys - 1, '&'), rules;
    for (std::size_t begin = 0; begin < columns.size();) {
      std::size_t end = begin;
      while (end < columns.size() && columns[end].metric == columns[begin].metric) ++end;
      absl::StrAppend(&heads, " & \\multicolumn{", end - begin, "}{c}{",
                      LatexEscape(table_.metrics(columns[begin].metric)), "}");
      absl::StrAppend(&rules, "\\cmidrule(lr){", keys + begin + 1, "-", keys + end, "}");
      begin = end;
    }
    return absl::StrCat(heads, " \\\\\n", rules, "\n");
  }

  static constexpr std::size_t kGap = 2;

  const v1::GetAblationTableResponse& table_;
  const AblationGrid grid_;
};

// "" where there is none.
std::string CsvOptional(bool is_there, double value) {
  return is_there ? CsvNumber(value) : "";
}

std::string CsvDifference(const v1::CellStatistic& statistic) {
  if (!statistic.has_difference()) return ",,,,,,";
  const v1::PairedDifference& difference = statistic.difference();
  return absl::StrCat(",", CsvOptional(difference.has_mean(), difference.mean()), ",",
                      CsvOptional(difference.has_low(), difference.low()), ",",
                      CsvOptional(difference.has_high(), difference.high()), ",",
                      CsvOptional(difference.has_p(), difference.p()), ",",
                      CsvOptional(difference.has_adjusted_p(), difference.adjusted_p()), ",", difference.pairs());
}

std::string Csv(const v1::GetAblationTableResponse& table) {
  std::string text;
  for (const auto* keys : {&table.rows(), &table.cols()}) {
    for (const std::string& key : *keys) absl::StrAppend(&text, CsvField(key), ",");
  }
  const bool compares = !table.baseline().empty();
  absl::StrAppend(&text,
                  "metric,mean,standard_deviation,count,trials,diverged,failed,missing,mixed,median,geometric_mean",
                  compares ? ",difference,difference_low,difference_high,p,adjusted_p,pairs" : "", "\n");
  for (const v1::AblationCell& cell : table.cells()) {
    std::string values;
    for (const auto* part : {&cell.row_values(), &cell.col_values()}) {
      for (const std::string& value : *part) absl::StrAppend(&values, CsvField(value), ",");
    }
    for (int metric = 0; metric < cell.statistics_size(); ++metric) {
      const v1::CellStatistic& statistic = cell.statistics(metric);
      absl::StrAppend(&text, values, table.metrics(metric), ",", CsvOptional(statistic.has_mean(), statistic.mean()),
                      ",", CsvOptional(statistic.has_standard_deviation(), statistic.standard_deviation()), ",",
                      statistic.count(), ",", cell.trials(), ",", cell.diverged(), ",", cell.failed(), ",",
                      cell.missing(), ",", CsvField(absl::StrJoin(cell.mixed(), " ")), ",",
                      CsvOptional(statistic.has_median(), statistic.median()), ",",
                      CsvOptional(statistic.has_geometric_mean(), statistic.geometric_mean()),
                      compares ? CsvDifference(statistic) : "", "\n");
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

// Null where there is none.
nlohmann::ordered_json JsonOptional(bool is_there, double value) {
  return is_there ? JsonNumber(value) : nullptr;
}

nlohmann::ordered_json JsonOf(const v1::PairedDifference& difference) {
  return {{"mean", JsonOptional(difference.has_mean(), difference.mean())},
          {"low", JsonOptional(difference.has_low(), difference.low())},
          {"high", JsonOptional(difference.has_high(), difference.high())},
          {"p", JsonOptional(difference.has_p(), difference.p())},
          {"adjusted_p", JsonOptional(difference.has_adjusted_p(), difference.adjusted_p())},
          {"pairs", difference.pairs()}};
}

std::string Json(const v1::GetAblationTableResponse& table) {
  nlohmann::ordered_json document = {{"rows", table.rows()},
                                     {"cols", table.cols()},
                                     {"pooled", table.pooled()},
                                     {"uneven", table.uneven()},
                                     {"confounded", table.confounded()},
                                     {"metrics", table.metrics()},
                                     {"diverged", table.drop_diverged() ? "drop" : "keep"},
                                     {"baseline", nlohmann::ordered_json::object()},
                                     {"state", table.state()},
                                     {"partial", !Partial(table).empty()}};
  for (const auto& [key, value] : table.baseline()) document["baseline"][key] = JsonOf(key, value);
  document["cells"] = nlohmann::ordered_json::array();
  for (const v1::AblationCell& cell : table.cells()) {
    nlohmann::ordered_json entry;
    for (int i = 0; i < table.rows_size(); ++i)
      entry["keys"][table.rows(i)] = JsonOf(table.rows(i), cell.row_values(i));
    for (int i = 0; i < table.cols_size(); ++i)
      entry["keys"][table.cols(i)] = JsonOf(table.cols(i), cell.col_values(i));
    entry["trials"] = cell.trials();
    entry["diverged"] = cell.diverged();
    entry["failed"] = cell.failed();
    entry["missing"] = cell.missing();
    entry["mixed"] = cell.mixed();
    for (int metric = 0; metric < cell.statistics_size(); ++metric) {
      const v1::CellStatistic& statistic = cell.statistics(metric);
      nlohmann::ordered_json& value = entry["values"][table.metrics(metric)];
      value["count"] = statistic.count();
      value["mean"] = JsonOptional(statistic.has_mean(), statistic.mean());
      value["standard_deviation"] = JsonOptional(statistic.has_standard_deviation(), statistic.standard_deviation());
      value["median"] = JsonOptional(statistic.has_median(), statistic.median());
      value["geometric_mean"] = JsonOptional(statistic.has_geometric_mean(), statistic.geometric_mean());
      if (statistic.has_difference()) value["difference"] = JsonOf(statistic.difference());
    }
    document["cells"].push_back(std::move(entry));
  }
  return document.dump(2) + "\n";
}

}  // namespace

std::string RenderAblation(const v1::GetAblationTableResponse& table, TableFormat format) {
  switch (format) {
    case TableFormat::kText:
    case TableFormat::kMarkdown:
      return ForPeople(table, format == TableFormat::kMarkdown);
    case TableFormat::kLatex:
      return LatexTable(table).Text();
    case TableFormat::kCsv:
      return Csv(table);
    case TableFormat::kJson:
      return Json(table);
  }
  return "";
}

}  // namespace ofsweep
