#include "cli/ablation_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/ablation_data.h"
#include "cli/ablation_grid.h"
#include "cli/format.h"
#include "experiment/metric_column.h"

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
using Shown = decltype(&AblationGrid::CellText);

// Row keys, then for each metric and column one cell.
Lines Cells(const AblationGrid& grid, const std::vector<int>& metrics, Shown shown, const CellSpelling& spelling) {
  Lines lines;
  for (const Values& row : grid.rows()) {
    lines.push_back(row);
    for (int metric : metrics) {
      for (const Values& col : grid.cols()) lines.back().push_back((grid.*shown)(row, col, metric, spelling));
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
    "the mean over seeds that both have [95 % by the percentile bootstrap, which few seeds make too narrow], p of a "
    "paired permutation test, "
    "adjusted for all of the table (Holm); with fewer than 6 pairs there is none (pairs)";

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
  if (!table.best().empty()) {
    absl::StrAppend(&text, ", of the ", table.best(), " (", ShortName(table.best()),
                    ") with the lowest mean eval_loss");
  }
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
  const char* whose = table.further_sweeps().empty() ? "the sweep"
                      : table.state() == "finished"  ? "each of the sweeps"
                                                     : "one of the sweeps";
  return absl::StrCat("Partial: of ", counts.trials, " trials ", absl::StrJoin(parts, ", "), "; ", whose, " is ",
                      table.state(), ".");
}

// "" when no cell mixes trials that were made in different ways.
std::string Mixed(const v1::GetAblationTableResponse& table) {
  std::set<std::string> mixed;
  for (const v1::AblationCell& cell : table.cells()) mixed.insert(cell.mixed().begin(), cell.mixed().end());
  return mixed.empty() ? "" : absl::StrCat("Mixed: the trials of a cell differ in ", absl::StrJoin(mixed, ", "), ".");
}

// "" when no mean is the best of its metric.
std::string Bold(const v1::GetAblationTableResponse& table) {
  const AblationGrid grid(table);
  std::vector<std::string> lowest, highest;
  for (const int metric : AllMetrics(table)) {
    if (!grid.BestMean(metric)) continue;
    (BetterOf(table.metrics(metric)) == Better::kLower ? lowest : highest).push_back(table.metrics(metric));
  }
  std::vector<std::string> parts;
  if (!lowest.empty()) parts.push_back("the lowest " + absl::StrJoin(lowest, ", "));
  if (!highest.empty()) parts.push_back("the highest " + absl::StrJoin(highest, ", "));
  return parts.empty() ? "" : absl::StrCat("Bold: ", absl::StrJoin(parts, "; "), "; no cell with diverged trials.");
}

// What a reader has to know to compare the cells.
std::vector<std::string> Remarks(const v1::GetAblationTableResponse& table) {
  std::vector<std::string> remarks;
  const bool picks_none = std::any_of(table.cells().begin(), table.cells().end(),
                                      [](const v1::AblationCell& cell) { return !cell.has_best_value(); });
  if (!table.best().empty() && picks_none) {
    remarks.push_back(absl::StrCat("Where no ", ShortName(table.best()), " stands no trial has an eval_loss."));
  }
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
std::string Tables(const v1::GetAblationTableResponse& table, bool markdown, Shown shown, const CellSpelling& spelling,
                   const std::string& less) {
  const AblationGrid grid(table);
  const auto layout = [markdown](const Lines& lines) { return markdown ? MarkdownTable(lines) : AlignColumns(lines); };
  if (table.cols().empty()) {
    Lines lines = {RowKeys(table)};
    lines[0].insert(lines[0].end(), table.metrics().begin(), table.metrics().end());
    for (auto& line : Cells(grid, AllMetrics(table), shown, spelling)) lines.push_back(std::move(line));
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
    for (auto& line : Cells(grid, {metric}, shown, spelling)) lines.push_back(std::move(line));
    const std::string caption =
        less.empty() ? Caption(table, metric) : absl::StrCat(table.metrics(metric), " less that of ", less);
    absl::StrAppend(&text, caption, "\n", markdown ? "\n" : "", layout(lines), "\n");
  }
  return text;
}

std::string ForPeople(const v1::GetAblationTableResponse& table, bool markdown, const CellSpelling& spelling) {
  const std::string baseline = BaselineName(table);
  std::string text = Tables(table, markdown, &AblationGrid::CellText, spelling, "");
  if (!baseline.empty()) text += Tables(table, markdown, &AblationGrid::DifferenceText, spelling, baseline);
  absl::StrAppend(&text, "A cell is mean ± standard deviation ", Trials(table), ".\n");
  const auto add = [&](const std::string& remark) { absl::StrAppend(&text, markdown ? "\n" : "", remark, "\n"); };
  if (!baseline.empty()) add(absl::StrCat("A difference from ", baseline, " is ", kWhatADifferenceIs, "."));
  if (const std::string bold = Bold(table); !bold.empty() && !spelling.bold_begin.empty()) add(bold);
  for (const std::string& remark : Remarks(table)) add(remark);
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
};

// What stands beside each other.
struct LatexPage {
  std::vector<LatexColumn> columns;
  std::size_t points = 0;  // how wide it is
};

const CellSpelling kLatexSpelling = {.plus_minus = " $\\pm$ ",
                                     .none = "---",
                                     .minus = "$-$",
                                     .bold_begin = "\\textbf{",
                                     .bold_end = "}",
                                     .escape = LatexEscape};
const CellSpelling kTerminalSpelling = {.bold_begin = "\x1b[1m", .bold_end = "\x1b[0m"};

// Sizes of LaTeX's article, roughly, in points. A line has 345, the first of a paragraph 15 less.
constexpr std::size_t kGapPoints = 12;
constexpr std::size_t kPagePoints = 330;
constexpr std::size_t kPageLines = 40;

std::size_t Points(const std::string& latex) {
  const std::string printed =
      absl::StrReplaceAll(latex, {{"\\textbf", ""}, {"---", "--"}, {"\\", ""}, {"$", ""}, {"{", ""}, {"}", ""}});
  std::size_t points = 5 * DisplayWidth(printed);  // a digit; letters have no more in the mean
  for (const char c : printed) {
    if (c == '.' || c == ',') points -= 2;
    if (absl::StrContains(" ()[]", c)) points -= 1;
  }
  return points;
}

class LatexTable {
 public:
  explicit LatexTable(const v1::GetAblationTableResponse& table) : table_(table), grid_(table) {}

  std::string Text() const {
    std::vector<std::string> headings;
    // Of more keys each column's title has its own.
    if (table_.cols_size() == 1) headings.push_back("Columns: " + table_.cols(0));
    std::string tables = Tabulars(&AblationGrid::CellText, headings);
    if (const std::string baseline = BaselineName(table_); !baseline.empty()) {
      headings.insert(headings.begin(), "Less " + baseline);
      absl::StrAppend(&tables, "\n% a difference is ", kWhatADifferenceIs, "\n",
                      Tabulars(&AblationGrid::DifferenceText, headings));
    }
    const bool is_scaled = absl::StrContains(tables, kScaled);
    std::string text = absl::StrCat("% needs \\usepackage{booktabs}", is_scaled ? " and \\usepackage{graphicx}" : "",
                                    "; a cell is mean, standard deviation ", Trials(table_), "\n");
    if (const std::string bold = Bold(table_); !bold.empty()) absl::StrAppend(&text, "% ", bold, "\n");
    for (const std::string& remark : Remarks(table_)) absl::StrAppend(&text, "% ", remark, "\n");
    return text + tables;
  }

 private:
  // `headings`: lines over all columns, for whoever has the table without what is around it.
  std::string Tabulars(Shown shown, const std::vector<std::string>& headings) const {
    std::size_t widest_heading = 0;
    for (const std::string& heading : headings) widest_heading = std::max(widest_heading, Points(heading) + kGapPoints);
    std::string text;
    for (const LatexPage& page : Pages(shown)) {
      // One column and the keys already, or a heading.
      const bool is_too_wide = std::max(page.points, widest_heading) > kPagePoints;
      for (std::size_t row = 0; row < grid_.rows().size(); row += kPageLines) {
        absl::StrAppend(&text, text.empty() ? "" : "\n", is_too_wide ? kScaled : "",
                        Tabular(page.columns, row, headings), is_too_wide ? "}\n" : "");
      }
    }
    return text;
  }

  std::string Title(const LatexColumn& column) const {
    return table_.cols().empty() ? table_.metrics(column.metric) : ColumnTitle(table_, *column.col);
  }

  std::size_t RowKeysPoints() const {
    std::size_t points = 0;
    for (int i = 0; i < table_.rows_size(); ++i) {
      std::size_t widest = Points(table_.rows(i));
      for (const Values& row : grid_.rows()) widest = std::max(widest, Points(row[i]));
      points += widest + kGapPoints;
    }
    return points;
  }

  // A column's title, below its metric where there are columns, and its cells.
  std::size_t ColumnPoints(const LatexColumn& column) const {
    std::size_t widest = std::max(Points(Title(column)), Points(table_.metrics(column.metric)));
    for (const std::string& cell : column.cells) widest = std::max(widest, Points(cell));
    return widest + kGapPoints;
  }

  // The columns, as many together as are not too wide.
  std::vector<LatexPage> Pages(Shown shown) const {
    std::vector<LatexPage> pages;
    for (int metric : AllMetrics(table_)) {
      for (const Values& col : grid_.cols()) {
        LatexColumn column{.metric = metric, .col = &col};
        for (const Values& row : grid_.rows()) {
          column.cells.push_back((grid_.*shown)(row, col, metric, kLatexSpelling));
        }
        const std::size_t points = ColumnPoints(column);
        if (pages.empty() || pages.back().points + points > kPagePoints) {
          pages.push_back({.columns = {}, .points = RowKeysPoints()});
        }
        pages.back().points += points;
        pages.back().columns.push_back(std::move(column));
      }
    }
    return pages;
  }

  std::string Tabular(const std::vector<LatexColumn>& columns, std::size_t first_row,
                      const std::vector<std::string>& headings) const {
    const std::size_t keys = table_.rows_size();
    std::vector<std::string> titles;
    for (const std::string& key : table_.rows()) titles.push_back(LatexEscape(key));
    for (const LatexColumn& column : columns) titles.push_back(LatexEscape(Title(column)));
    std::string text =
        absl::StrCat("\\begin{tabular}{", std::string(keys, 'l'), std::string(columns.size(), 'r'), "}\n\\toprule\n");
    for (const std::string& heading : headings) {
      absl::StrAppend(&text, "\\multicolumn{", titles.size(), "}{l}{", LatexEscape(heading), "} \\\\\n");
    }
    absl::StrAppend(&text, table_.cols().empty() ? "" : MetricHeads(columns), absl::StrJoin(titles, " & "),
                    " \\\\\n\\midrule\n");
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

  static constexpr char kScaled[] = "\\noindent\\resizebox{\\textwidth}{!}{%\n";

  const v1::GetAblationTableResponse& table_;
  const AblationGrid grid_;
};

}  // namespace

std::string RenderAblation(const v1::GetAblationTableResponse& table, TableFormat format, bool is_terminal) {
  switch (format) {
    case TableFormat::kText:
      return ForPeople(table, /*markdown=*/false, is_terminal ? kTerminalSpelling : CellSpelling{});
    case TableFormat::kMarkdown:
      return ForPeople(table, /*markdown=*/true, {.bold_begin = "**", .bold_end = "**"});
    case TableFormat::kLatex:
      return LatexTable(table).Text();
    case TableFormat::kCsv:
      return AblationCsv(table);
    case TableFormat::kJson:
      return AblationJson(table);
  }
  return "";
}

}  // namespace ofsweep
