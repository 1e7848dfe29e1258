#include "coordinator/ablation_table.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"
#include "experiment/trial_key.h"
#include "experiment/value.h"

namespace ofsweep {
namespace {

// The values of one key in the order in which the sweep's trials first show them.
class FirstSeen {
 public:
  std::size_t RankOf(const std::string& value) {
    const auto found = std::find(values_.begin(), values_.end(), value);
    if (found != values_.end()) return static_cast<std::size_t>(found - values_.begin());
    values_.push_back(value);
    return values_.size() - 1;
  }

  const std::string& operator[](std::size_t rank) const { return values_[rank]; }

 private:
  std::vector<std::string> values_;
};

// One trial's keys: what its sweep varies as it was submitted, the others as the trainer resolved them. An `auto` that
// two machines resolved differently is one value.
class TrialKeysOf {
 public:
  explicit TrialKeysOf(const ResultRow& row)
      : varied_(nlohmann::ordered_json::parse(row.trial.arm.keys_json)),
        config_(nlohmann::json::parse(row.trial.config_json)) {
    config_.update(nlohmann::json::parse(row.origin.resolved_json));
  }

  const nlohmann::ordered_json& varied() const { return varied_; }

  std::string Text(const std::string& key) const {
    if (const auto found = varied_.find(key); found != varied_.end()) return TextOf(*found);
    const auto found = config_.find(key);
    return found == config_.end() ? "" : TextOf(*found);
  }

 private:
  template <class Json>
  static std::string TextOf(const Json& value) {
    if (value.is_string()) return value.template get<std::string>();
    if (value.is_number_float()) return ShortestNumber(value.template get<double>());
    if (!value.is_array()) return value.dump();
    std::vector<std::string> items;
    for (const auto& item : value) items.push_back(TextOf(item));
    return ToText(Value(std::move(items)));
  }

  const nlohmann::ordered_json varied_;
  nlohmann::json config_;
};

struct CellTrials {
  std::uint32_t diverged = 0;
  std::uint32_t failed = 0;
  std::uint32_t missing = 0;
  std::vector<const ResultRow*> counted;
  std::map<std::string, std::string> first_values;         // of each varied key and the seed
  std::map<std::string, std::set<std::string>> made_with;  // of those that count: precisions, devices, data
};

CellStatistic Summarise(const std::vector<const ResultRow*>& trials, const std::string& metric) {
  std::vector<double> values;
  for (const ResultRow* trial : trials) {
    const auto found = trial->values.find(metric);
    if (found != trial->values.end()) values.push_back(found->second);
  }
  CellStatistic statistic{.count = static_cast<std::uint32_t>(values.size())};
  if (values.empty()) return statistic;
  const double n = static_cast<double>(values.size());
  double sum = 0;
  for (double value : values) sum += value;
  const double mean = sum / n;
  statistic.mean = mean;
  if (values.size() < 2 || !std::isfinite(mean)) return statistic;
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  statistic.standard_deviation = std::sqrt(squares / (n - 1));
  return statistic;
}

void Count(const ResultRow& row, bool drop_diverged, CellTrials& cell) {
  switch (row.trial.state) {
    case TrialState::kDiverged:
      ++cell.diverged;
      if (!drop_diverged) cell.counted.push_back(&row);
      return;
    case TrialState::kCompleted:
      cell.counted.push_back(&row);
      return;
    case TrialState::kFailed:
      ++cell.failed;
      return;
    default:
      ++cell.missing;
  }
}

// Of a trial that counts.
void NoteMaking(const ResultRow& row, const TrialKeysOf& trial, CellTrials& cell) {
  cell.made_with["train.precision"].insert(trial.Text("train.precision"));
  cell.made_with["device"].insert(row.origin.device);
  cell.made_with["data_fingerprint"].insert(row.trial.data_fingerprint);
}

// Keeps those of `keys` in which a trial of the cell differs from the cell's first.
void Compare(const TrialKeysOf& trial, const std::vector<std::string>& keys, CellTrials& cell,
             std::set<std::string>& differing) {
  for (const std::string& key : keys) {
    std::string text = trial.Text(key);
    const auto [first, added] = cell.first_values.emplace(key, text);
    if (!added && first->second != text) differing.insert(key);
  }
}

std::vector<std::string> VariedKeys(const TrialKeysOf& trial) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : trial.varied().items()) keys.push_back(key);
  keys.emplace_back("seed");
  return keys;
}

void CheckKeys(const std::vector<std::string>& keys, const std::string& field, std::vector<Problem>& problems) {
  for (const std::string& key : keys) {
    if (FindTrialKey(key) != nullptr) continue;
    const std::string_view nearest = NearestTrialKey(key);
    problems.push_back(
        {.key = field,
         .message = "unknown trial key " + Quoted(key),
         .fix = nearest.empty() ? "`ofsweep spec` lists every key" : "did you mean " + std::string(nearest) + "?"});
  }
}

}  // namespace

std::vector<std::string> DefaultAblationMetrics(const std::vector<ResultRow>& trials) {
  std::vector<std::string> metrics = {"eval_loss", "kurtosis_max", "eval_perplexity"};
  for (const ResultNumber& number : kResultNumbers) {
    const bool is_rounded = !number.metric.empty() && FindMetric(number.metric)->name == "{bits}_perplexity";
    const auto has = [&](const ResultRow& row) { return row.values.contains(number.name); };
    if (is_rounded && std::any_of(trials.begin(), trials.end(), has)) metrics.emplace_back(number.name);
  }
  return metrics;
}

std::vector<Problem> CheckAblationQuery(const AblationQuery& query) {
  std::vector<Problem> problems;
  CheckKeys(query.rows, "rows", problems);
  CheckKeys(query.cols, "cols", problems);
  CheckKeys(query.pool, "pool", problems);
  for (const std::string& metric : query.metrics) {
    if (FindResultNumber(metric) != nullptr) continue;
    const auto column = ParseMetricColumn(metric);
    if (!column.ok()) problems.push_back({.key = "metrics", .message = std::string(column.status().message())});
  }
  return problems;
}

AblationTable BuildAblationTable(const std::vector<ResultRow>& trials, const AblationQuery& query) {
  std::vector<std::string> keys = query.rows;
  keys.insert(keys.end(), query.cols.begin(), query.cols.end());
  std::vector<FirstSeen> seen(keys.size());
  std::map<std::vector<std::size_t>, CellTrials> cells;  // by the rank of each key's value
  std::vector<std::string> varied;                       // the same keys in each trial
  std::set<std::string> differing;
  for (const ResultRow& row : trials) {
    const TrialKeysOf trial(row);
    if (varied.empty()) varied = VariedKeys(trial);
    std::vector<std::size_t> ranks;
    for (std::size_t i = 0; i < keys.size(); ++i) ranks.push_back(seen[i].RankOf(trial.Text(keys[i])));
    CellTrials& cell = cells[ranks];
    const std::size_t counted = cell.counted.size();
    Count(row, query.drop_diverged, cell);
    if (cell.counted.size() > counted) NoteMaking(row, trial, cell);
    Compare(trial, varied, cell, differing);
  }

  AblationTable table;
  for (const auto& [ranks, trials_of_cell] : cells) {
    AblationCell cell{.trials = static_cast<std::uint32_t>(trials_of_cell.counted.size()),
                      .diverged = trials_of_cell.diverged,
                      .failed = trials_of_cell.failed,
                      .missing = trials_of_cell.missing};
    for (const auto& [what, values] : trials_of_cell.made_with) {
      if (values.size() > 1) cell.mixed.push_back(what);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      (i < query.rows.size() ? cell.row_values : cell.col_values).push_back(seen[i][ranks[i]]);
    }
    for (const std::string& metric : query.metrics)
      cell.statistics.push_back(Summarise(trials_of_cell.counted, metric));
    table.cells.push_back(std::move(cell));
  }
  std::copy_if(varied.begin(), varied.end(), std::back_inserter(table.pooled),
               [&](const std::string& key) { return differing.contains(key); });
  return table;
}

std::vector<Problem> CheckPooled(const AblationTable& table, const AblationQuery& query) {
  std::vector<Problem> problems;
  for (const std::string& key : table.pooled) {
    if (key == "seed" || std::find(query.pool.begin(), query.pool.end(), key) != query.pool.end()) continue;
    problems.push_back({.key = "pool",
                        .message = "the trials of a cell differ in " + key,
                        .fix = "tell them apart with it in rows or cols, or average over it with it in pool"});
  }
  return problems;
}

}  // namespace ofsweep
