#include "storage/trial_results.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/series_table.h"

namespace ofsweep {
namespace {

constexpr int kFirstLastValue = kTrialResultColumns - 2 * static_cast<int>(kLastValueCount);

}  // namespace

std::string TrialResultNames() {
  std::string names =
      "sealed_through, recent_steps, step, tokens, kurtosis_step, kurtosis_blocks, kurtosis_sum, kurtosis_max, "
      "kurtosis_peak, mmr_step, mmr_max, curve_generation, steps, kurtosis_mean";
  for (const char* column : kLastValueColumns) absl::StrAppend(&names, ", ", column, "_step, ", column);
  return names;
}

TrialResults ReadTrialResults(const Query& row) {
  TrialResults trial;
  trial.id = row.Integer(0);
  trial.sealed_through = row.Integer(1);
  trial.recent_steps = row.Integer(2);
  ResultColumns& results = trial.results;
  results.step = row.Integer(3);
  results.tokens = row.Integer(4);
  results.kurtosis = {row.Integer(5), row.Integer(6), row.Real(7), row.Real(8)};
  results.kurtosis_peak = row.Real(9);
  results.mmr = {row.Integer(10), 0, 0, row.Real(11)};
  trial.generation = static_cast<std::uint64_t>(row.Integer(12));
  trial.steps = row.Integer(13);
  trial.kurtosis_mean = row.Real(14);
  int column = kFirstLastValue;
  for (LastValue& last : results.last_values) {
    last = {row.Integer(column), row.Real(column + 1)};
    column += 2;
  }
  return trial;
}

void BindTrialResults(const TrialResults& trial, Query& query) {
  const ResultColumns& results = trial.results;
  query.Bind(trial.id, trial.sealed_through, trial.recent_steps, results.step, results.tokens, results.kurtosis.step,
             results.kurtosis.blocks, results.kurtosis.sum, results.kurtosis.max, results.kurtosis_peak,
             results.mmr.step, results.mmr.max, static_cast<std::int64_t>(trial.generation),
             std::max<std::int64_t>(results.step, 0), results.kurtosis.sum / results.kurtosis.blocks);
  int parameter = kFirstLastValue + 1;
  for (const LastValue& last : results.last_values) {
    query.BindOne(parameter++, last.step);
    query.BindOne(parameter++, last.value);
  }
}

std::unordered_map<std::int64_t, SeriesUse> ListSeriesUses(DatabaseConnection& connection) {
  std::unordered_map<std::int64_t, SeriesUse> uses;
  Query query(connection.Prepare("SELECT id, metric, layer, site FROM series"));
  while (query.Next()) {
    Series series{.metric = query.Text(1), .site = query.Text(3)};
    if (query.Integer(2) != kNoLayer) series.layer = static_cast<int>(query.Integer(2));
    uses.emplace(query.Integer(0), SeriesUse{RoleOf(series), series == Series{"tokens", std::nullopt, ""}});
  }
  return uses;
}

void ObservePoints(DatabaseConnection& connection, const char* table, std::int64_t trial,
                   const std::unordered_map<std::int64_t, SeriesUse>& uses, ResultColumns& results,
                   const std::function<void(std::int64_t step, SeriesUse use)>& visit) {
  Query points(connection.Prepare(absl::StrCat("SELECT series, step, value FROM ", table, " WHERE trial = ?1")));
  points.Bind(trial);
  while (points.Next()) {
    const std::int64_t step = points.Integer(1);
    const auto found = uses.find(points.Integer(0));
    const SeriesUse use = found == uses.end() ? SeriesUse{} : found->second;
    results.Observe(use.role, step, points.Real(2));
    if (use.is_tokens && step > results.step) {
      results.step = step;
      results.tokens = points.Integer(2);
    }
    visit(step, use);
  }
}

}  // namespace ofsweep
