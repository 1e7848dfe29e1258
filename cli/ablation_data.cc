#include "cli/ablation_data.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/ablation_grid.h"
#include "cli/format.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

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

}  // namespace

std::string AblationCsv(const v1::GetAblationTableResponse& table) {
  std::string text;
  for (const auto* keys : {&table.rows(), &table.cols()}) {
    for (const std::string& key : *keys) absl::StrAppend(&text, CsvField(key), ",");
  }
  if (!table.best().empty()) absl::StrAppend(&text, CsvField(table.best()), ",");
  const bool compares = !table.baseline().empty();
  absl::StrAppend(&text,
                  "metric,mean,standard_deviation,count,trials,diverged,failed,missing,mixed,median,geometric_mean",
                  compares ? ",difference,difference_low,difference_high,p,adjusted_p,pairs" : "", "\n");
  for (const v1::AblationCell& cell : table.cells()) {
    std::string values;
    for (const auto* part : {&cell.row_values(), &cell.col_values()}) {
      for (const std::string& value : *part) absl::StrAppend(&values, CsvField(value), ",");
    }
    if (!table.best().empty()) absl::StrAppend(&values, CsvField(cell.best_value()), ",");
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

std::string AblationJson(const v1::GetAblationTableResponse& table) {
  nlohmann::ordered_json document = {{"rows", table.rows()},
                                     {"cols", table.cols()},
                                     {"pooled", table.pooled()},
                                     {"uneven", table.uneven()},
                                     {"confounded", table.confounded()},
                                     {"metrics", table.metrics()},
                                     {"diverged", table.drop_diverged() ? "drop" : "keep"},
                                     {"baseline", nlohmann::ordered_json::object()},
                                     {"state", table.state()},
                                     {"partial", IsPartial(table)}};
  if (!table.best().empty()) document["best"] = table.best();
  for (const auto& [key, value] : table.baseline()) document["baseline"][key] = JsonOf(key, value);
  document["cells"] = nlohmann::ordered_json::array();
  for (const v1::AblationCell& cell : table.cells()) {
    nlohmann::ordered_json entry;
    for (int i = 0; i < table.rows_size(); ++i)
      entry["keys"][table.rows(i)] = JsonOf(table.rows(i), cell.row_values(i));
    for (int i = 0; i < table.cols_size(); ++i)
      entry["keys"][table.cols(i)] = JsonOf(table.cols(i), cell.col_values(i));
    if (!table.best().empty()) {
      nlohmann::ordered_json& best = entry["best"][table.best()];
      if (cell.has_best_value()) best = JsonOf(table.best(), cell.best_value());
    }
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

}  // namespace ofsweep
