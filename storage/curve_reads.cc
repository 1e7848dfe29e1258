#include "storage/curve_reads.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/over_blocks.h"
#include "storage/series_table.h"
#include "storage/trial_reads.h"

namespace ofsweep {
namespace {

template <class Item>
bool Wanted(const std::vector<Item>& wanted, const Item& item) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), item) != wanted.end();
}

void ReadSealed(DatabaseConnection& connection, std::int64_t trial, const CurveSeries& series, const CurveQuery& query,
                Curve& curve) {
  Query points(
      connection.Prepare("SELECT step, value FROM sealed_points WHERE trial = ?1 AND series = ?2 "
                         "AND step BETWEEN ?3 AND ?4 ORDER BY step"));
  points.Bind(trial, series.id, query.first_step, query.last_step);
  while (points.Next()) {
    curve.steps.push_back(points.Integer(0));
    curve.values.push_back(points.Real(1));
  }
}

// Recent points are all later than sealed ones, so appending keeps the order.
void ReadRecent(DatabaseConnection& connection, std::int64_t trial, const CurveQuery& query,
                const std::unordered_map<std::int64_t, Curve*>& curves) {
  Query points(
      connection.Prepare("SELECT series, step, value FROM recent_points WHERE trial = ?1 "
                         "AND step BETWEEN ?2 AND ?3 ORDER BY step, series"));
  points.Bind(trial, query.first_step, query.last_step);
  while (points.Next()) {
    const auto curve = curves.find(points.Integer(0));
    if (curve == curves.end()) continue;
    curve->second->steps.push_back(points.Integer(1));
    curve->second->values.push_back(points.Real(2));
  }
}

struct Aggregate {
  std::int64_t step = 0;
  double value = 0;
};

// A series' newest point, or its largest; that of all steps stands at step 0, for the layers' may be at different ones.
std::optional<Aggregate> ReadAggregate(DatabaseConnection& connection, std::int64_t trial, std::int64_t series,
                                       MetricColumn::OverSteps over_steps) {
  if (over_steps == MetricColumn::OverSteps::kLast) {
    for (const char* table : {"recent_points", "sealed_points"}) {
      Query last(connection.Prepare(absl::StrCat("SELECT step, value FROM ", table,
                                                 " WHERE trial = ?1 AND series = ?2 ORDER BY step DESC LIMIT 1")));
      if (last.Bind(trial, series).Next()) return Aggregate{last.Integer(0), last.Real(1)};
    }
    return std::nullopt;
  }
  Query largest(connection.Prepare(
      "SELECT max(value), count(*) FROM (SELECT value FROM sealed_points WHERE trial = ?1 AND series = ?2 "
      "UNION ALL SELECT value FROM recent_points WHERE trial = ?1 AND series = ?2)"));
  largest.Bind(trial, series);
  if (!largest.Next() || largest.Integer(1) == 0) return std::nullopt;
  return Aggregate{0, largest.Real(0)};
}

// The largest of all steps of the mean over the layers. A step where a layer has NaN is left out, as of one layer's
// largest.
std::optional<double> ReadPeakOfMeans(DatabaseConnection& connection, std::int64_t trial,
                                      const std::vector<CurveSeries>& series) {
  std::string ids;
  for (const CurveSeries& one : series) absl::StrAppend(&ids, ids.empty() ? "" : ", ", one.id);
  const auto points = [&](const char* table) {
    return absl::StrCat("SELECT step, value FROM ", table, " WHERE trial = ?1 AND series IN (", ids, ")");
  };
  Query largest(connection.Prepare(absl::StrCat(
      "SELECT max(mean), count(*) FROM (SELECT iif(count(value) = count(*), avg(value), NULL) AS mean FROM (",
      points("sealed_points"), " UNION ALL ", points("recent_points"), ") GROUP BY step)")));
  largest.Bind(trial);
  if (!largest.Next() || largest.Integer(1) == 0) return std::nullopt;
  return largest.Real(0);
}

// What a trial's layers came to.
std::optional<double> ReadColumn(DatabaseConnection& connection, std::int64_t trial,
                                 const std::vector<CurveSeries>& series, const MetricColumn& column) {
  // All layers of one state: points may arrive meanwhile.
  SQLite::Transaction snapshot(connection.database());
  const bool is_mean = column.over_layers == MetricColumn::OverLayers::kMean;
  if (is_mean && column.over_steps == MetricColumn::OverSteps::kMax) return ReadPeakOfMeans(connection, trial, series);
  OverBlocks over_layers;
  for (const CurveSeries& one : series) {
    const auto point = ReadAggregate(connection, trial, one.id, column.over_steps);
    if (point) over_layers.Add(point->step, point->value);
  }
  if (over_layers.blocks == 0) return std::nullopt;
  return is_mean ? over_layers.sum / static_cast<double>(over_layers.blocks) : over_layers.max;
}

}  // namespace

absl::StatusOr<std::vector<CurveTrial>> FindCurveTrials(DatabaseConnection& connection, const CurveQuery& query) {
  std::vector<CurveTrial> trials;
  if (query.sweep.empty()) {
    for (const std::string& trial_id : query.trial_ids) {
      Query find(connection.Prepare("SELECT id, seed FROM trials WHERE trial_id = ?1"));
      if (find.Bind(trial_id).Next()) trials.push_back({find.Integer(0), trial_id, find.Integer(1)});
    }
    return trials;
  }
  const absl::StatusOr<std::int64_t> sweep = SweepId(connection, query.sweep);
  if (!sweep.ok()) return sweep.status();
  if (query.trial_ids.empty()) {
    Query list(
        connection.Prepare("SELECT trials.id, trial_id, seed, arms.keys FROM sweep_trials "
                           "JOIN trials ON trials.id = trial JOIN arms ON arms.id = arm "
                           "WHERE sweep_trials.sweep = ?1 ORDER BY position"));
    list.Bind(*sweep);
    while (list.Next()) trials.push_back({list.Integer(0), list.Text(1), list.Integer(2), list.Text(3)});
    return trials;
  }
  std::map<std::int64_t, CurveTrial> by_position;
  for (const std::string& trial_id : query.trial_ids) {
    Query find(
        connection.Prepare("SELECT trials.id, position, seed, arms.keys FROM trials "
                           "JOIN sweep_trials ON trial = trials.id JOIN arms ON arms.id = arm "
                           "WHERE trial_id = ?1 AND sweep_trials.sweep = ?2"));
    if (find.Bind(trial_id, *sweep).Next()) {
      by_position[find.Integer(1)] = {find.Integer(0), trial_id, find.Integer(2), find.Text(3)};
    }
  }
  for (auto& [position, trial] : by_position) trials.push_back(std::move(trial));
  return trials;
}

std::vector<CurveGroup> GroupTrials(const std::vector<CurveTrial>& trials, const std::vector<std::string>& keys) {
  std::vector<CurveGroup> groups;
  std::unordered_map<std::string, std::size_t> known;  // places in `groups`
  for (const CurveTrial& trial : trials) {
    if (keys.empty()) {
      groups.push_back({trial.arm_keys_json, {&trial}});
      continue;
    }
    const auto arm = nlohmann::ordered_json::parse(trial.arm_keys_json);
    nlohmann::ordered_json chosen = nlohmann::ordered_json::object();
    for (const std::string& key : keys) {
      if (key == "seed") chosen[key] = trial.seed;
      if (const auto found = arm.find(key); found != arm.end()) chosen[key] = *found;
    }
    std::string text = chosen.dump();
    const auto [place, is_new] = known.try_emplace(text, groups.size());
    if (is_new) groups.push_back({std::move(text), {}});
    groups[place->second].trials.push_back(&trial);
  }
  return groups;
}

std::vector<CurveSeries> FindCurveSeries(DatabaseConnection& connection, const CurveQuery& query) {
  std::vector<CurveSeries> found;
  Query all(connection.Prepare("SELECT id, metric, layer, site FROM series ORDER BY metric, layer, site"));
  while (all.Next()) {
    const int layer = static_cast<int>(all.Integer(2));
    CurveSeries entry{all.Integer(0), {all.Text(1), std::nullopt, all.Text(3)}};
    if (layer != kNoLayer) entry.series.layer = layer;
    if (std::find(query.metrics.begin(), query.metrics.end(), entry.series.metric) == query.metrics.end()) continue;
    if (Wanted(query.layers, layer) && Wanted(query.sites, entry.series.site)) found.push_back(std::move(entry));
  }
  return found;
}

std::vector<Curve> ReadCurves(DatabaseConnection& connection, const CurveTrial& trial,
                              const std::vector<CurveSeries>& series, const CurveQuery& query) {
  std::vector<Curve> curves(series.size());
  std::unordered_map<std::int64_t, Curve*> by_series;
  {
    // Sealing moves points between the tables: both must be read from one state.
    SQLite::Transaction snapshot(connection.database());
    for (std::size_t i = 0; i < series.size(); ++i) {
      curves[i].trial_id = trial.trial_id;
      curves[i].seed = trial.seed;
      curves[i].arm_keys_json = trial.arm_keys_json;
      curves[i].series = series[i].series;
      ReadSealed(connection, trial.id, series[i], query, curves[i]);
      by_series.emplace(series[i].id, &curves[i]);
    }
    ReadRecent(connection, trial.id, query, by_series);
  }
  std::erase_if(curves, [](const Curve& curve) { return curve.steps.empty(); });
  return curves;
}

absl::StatusOr<std::vector<Series>> ListSeries(DatabaseConnection& connection, const std::string& sweep) {
  // All trials of a sweep measure alike, or nearly so; more of them would cost a look-up a trial and series.
  constexpr int kTrials = 32;
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  std::set<Series> found;
  Query rows(
      connection.Prepare("SELECT metric, layer, site FROM series WHERE EXISTS (SELECT 1 FROM ("
                         "SELECT trial FROM sweep_trials JOIN trial_results USING (trial) "
                         "WHERE sweep = ?1 AND step >= 0 ORDER BY position LIMIT ?2) AS measured WHERE "
                         "EXISTS (SELECT 1 FROM sealed_points WHERE trial = measured.trial AND series = series.id) OR "
                         "EXISTS (SELECT 1 FROM recent_points WHERE trial = measured.trial AND series = series.id))"));
  rows.Bind(*id, kTrials);
  while (rows.Next()) {
    Series series{.metric = rows.Text(0), .site = rows.Text(2)};
    if (rows.Integer(1) != kNoLayer) series.layer = static_cast<int>(rows.Integer(1));
    found.insert(std::move(series));
  }
  return std::vector<Series>(found.begin(), found.end());
}

absl::StatusOr<std::map<std::string, double>> ListMetric(DatabaseConnection& connection, const std::string& sweep,
                                                         const MetricColumn& column) {
  CurveQuery query{.sweep = sweep, .metrics = {column.metric}, .sites = {column.site}};
  if (column.layer) query.layers = {*column.layer};
  const auto trials = FindCurveTrials(connection, query);
  if (!trials.ok()) return trials.status();
  const std::vector<CurveSeries> series = FindCurveSeries(connection, query);
  std::map<std::string, double> values;
  for (const CurveTrial& trial : *trials) {
    if (const auto value = ReadColumn(connection, trial.id, series, column)) values[trial.trial_id] = *value;
  }
  return values;
}

}  // namespace ofsweep
