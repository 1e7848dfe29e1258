#include "storage/curve_check.h"

#include <cmath>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/result_columns.h"
#include "storage/series_table.h"

namespace ofsweep {
namespace {

struct CheckedTrial {
  std::int64_t id = 0;
  std::string trial_id;
  std::int64_t measure_every = 0;  // 0: its configuration does not say
  std::int64_t sealed_through = -1;
  ResultColumns results;  // as they are stored
};

// What the points of a trial come to.
struct FoundPoints {
  std::uint64_t points = 0;
  std::uint64_t sealed_behind = 0;  // sealed points of later steps than sealed_through
  std::uint64_t recent_before = 0;
  std::set<std::int64_t> steps;
  ResultColumns results;
};

using SeriesById = std::unordered_map<std::int64_t, Series>;

SeriesById ListAllSeries(DatabaseConnection& connection) {
  SeriesById all;
  Query query(connection.Prepare("SELECT id, metric, layer, site FROM series"));
  while (query.Next()) {
    Series series{.metric = query.Text(1), .site = query.Text(3)};
    if (query.Integer(2) != kNoLayer) series.layer = static_cast<int>(query.Integer(2));
    all.emplace(query.Integer(0), std::move(series));
  }
  return all;
}

std::vector<CheckedTrial> ListTrials(DatabaseConnection& connection) {
  std::string sql =
      "SELECT trials.id, trial_id, ifnull(config ->> '$.\"measure.every\"', 0), sealed_through, step, kurtosis_step, "
      "kurtosis_blocks, kurtosis_max, kurtosis_peak, mmr_step, mmr_max";
  for (const char* column : kLastValueColumns) absl::StrAppend(&sql, ", ", column, "_step, ", column);
  absl::StrAppend(&sql,
                  " FROM trials JOIN trial_results ON trial_results.trial = trials.id "
                  "JOIN trial_configs ON trial_configs.trial = trials.id ORDER BY trials.id");
  std::vector<CheckedTrial> trials;
  Query row(connection.Prepare(sql));
  while (row.Next()) {
    CheckedTrial trial{row.Integer(0), row.Text(1), row.Integer(2), row.Integer(3), {}};
    trial.results.step = row.Integer(4);
    trial.results.kurtosis = {.step = row.Integer(5), .blocks = row.Integer(6), .sum = 0, .max = row.Real(7)};
    trial.results.kurtosis_peak = row.Real(8);
    trial.results.mmr = {.step = row.Integer(9), .blocks = 0, .sum = 0, .max = row.Real(10)};
    int column = 11;
    for (LastValue& last : trial.results.last_values) {
      last = {row.Integer(column), row.Real(column + 1)};
      column += 2;
    }
    trials.push_back(std::move(trial));
  }
  return trials;
}

void ReadPoints(DatabaseConnection& connection, const char* table, const CheckedTrial& trial, const SeriesById& series,
                FoundPoints& found) {
  const bool is_sealed = std::string_view(table) == "sealed_points";
  Query points(connection.Prepare(absl::StrCat("SELECT series, step, value FROM ", table, " WHERE trial = ?1")));
  points.Bind(trial.id);
  while (points.Next()) {
    const std::int64_t step = points.Integer(1);
    ++found.points;
    if (is_sealed && step > trial.sealed_through) ++found.sealed_behind;
    if (!is_sealed && step <= trial.sealed_through) ++found.recent_before;
    const auto known = series.find(points.Integer(0));
    if (known == series.end()) continue;  // a fault of references
    found.results.step = std::max(found.results.step, step);
    if (known->second.metric == "tokens") found.steps.insert(step);
    found.results.Observe(RoleOf(known->second), step, points.Real(2));
  }
}

void CheckPlaces(const CheckedTrial& trial, const FoundPoints& found, DatabaseCheck& places) {
  if (found.sealed_behind > 0) {
    places.Add(absl::StrCat("trial ", trial.trial_id, ": ", found.sealed_behind,
                            " sealed points are of later steps than ", trial.sealed_through,
                            ", through which it is sealed"));
  }
  if (found.recent_before > 0) {
    places.Add(absl::StrCat("trial ", trial.trial_id, ": ", found.recent_before,
                            " points that are not sealed are of steps through ", trial.sealed_through,
                            ", through which it is sealed"));
  }
}

// The trainer measures at every multiple of measure.every, and an attempt goes on from no later step than is stored.
void CheckGaps(const CheckedTrial& trial, const FoundPoints& found, DatabaseCheck& gaps) {
  if (trial.measure_every <= 0) return;
  for (std::int64_t step = 0; step < found.results.step; step += trial.measure_every) {
    if (found.steps.contains(step)) continue;
    gaps.Add(absl::StrCat("trial ", trial.trial_id, ": no point of step ", step, ", though it is measured every ",
                          trial.measure_every, " steps and has points of step ", found.results.step));
    return;
  }
}

bool AreSame(double stored, double made) {
  return stored == made || (std::isnan(stored) && std::isnan(made));
}

void CheckResults(const CheckedTrial& trial, const FoundPoints& found, DatabaseCheck& results) {
  const auto compare = [&](const char* column, std::int64_t stored_step, double stored, std::int64_t step,
                           double made) {
    if (stored_step == step && AreSame(stored, made)) return;
    results.Add(absl::StrCat("trial ", trial.trial_id, ": ", column, " is ", stored, " of step ", stored_step,
                             ", but its points come to ", made, " of step ", step));
  };
  const ResultColumns& stored = trial.results;
  const ResultColumns& made = found.results;
  if (stored.step != made.step) {
    results.Add(absl::StrCat("trial ", trial.trial_id, ": its newest points are said to be of step ", stored.step,
                             ", but are of step ", made.step));
  }
  for (std::size_t i = 0; i < kLastValueColumns.size(); ++i) {
    compare(kLastValueColumns[i], stored.last_values[i].step, stored.last_values[i].value, made.last_values[i].step,
            made.last_values[i].value);
  }
  compare("kurtosis_max", stored.kurtosis.step, stored.kurtosis.max, made.kurtosis.step, made.kurtosis.max);
  compare("kurtosis_peak", stored.kurtosis.step, stored.kurtosis_peak, made.kurtosis.step, made.kurtosis_peak);
  compare("mmr_max", stored.mmr.step, stored.mmr.max, made.mmr.step, made.mmr.max);
}

}  // namespace

void CheckCurves(DatabaseConnection& connection, DatabaseCheck& places, DatabaseCheck& gaps, DatabaseCheck& results) {
  const SeriesById series = ListAllSeries(connection);
  const std::vector<CheckedTrial> trials = ListTrials(connection);
  std::uint64_t points = 0;
  for (const CheckedTrial& trial : trials) {
    FoundPoints found;
    for (const char* table : {"sealed_points", "recent_points"}) ReadPoints(connection, table, trial, series, found);
    points += found.points;
    CheckPlaces(trial, found, places);
    CheckGaps(trial, found, gaps);
    CheckResults(trial, found, results);
  }
  places.extent = absl::StrCat(points, " points: each in the table that its step belongs to");
  gaps.extent =
      absl::StrCat("of ", trials.size(), trials.size() == 1 ? " trial" : " trials", ": none misses a measured step");
  results.extent =
      absl::StrCat("of ", trials.size(), trials.size() == 1 ? " trial" : " trials", ": what their points come to");
}

}  // namespace ofsweep
