#include "storage/curve_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/trial_results.h"

namespace ofsweep {
namespace {

struct CheckedTrial {
  TrialResults stored;
  std::string trial_id;
  std::int64_t measure_every = 0;    // 0: its configuration does not say
  std::int64_t tokens_per_step = 0;  // likewise
};

// What the points of a trial come to.
struct FoundPoints {
  std::uint64_t points = 0;
  std::uint64_t sealed_behind = 0;  // sealed points of later steps than sealed_through
  std::uint64_t recent_before = 0;
  std::set<std::int64_t> steps;
  ResultColumns results;
};

std::vector<CheckedTrial> ListTrials(DatabaseConnection& connection) {
  std::vector<CheckedTrial> trials;
  Query row(connection.Prepare(
      absl::StrCat("SELECT trials.id, ", TrialResultNames(),
                   ", trial_id, ifnull(config ->> '$.\"measure.every\"', 0), "
                   "ifnull(config ->> '$.\"train.batch_size\"' * config ->> '$.\"model.context\"', 0) "
                   "FROM trials JOIN trial_results ON trial_results.trial = trials.id "
                   "JOIN trial_configs ON trial_configs.trial = trials.id ORDER BY trials.id")));
  while (row.Next()) {
    trials.push_back({ReadTrialResults(row), row.Text(kTrialResultColumns), row.Integer(kTrialResultColumns + 1),
                      row.Integer(kTrialResultColumns + 2)});
  }
  return trials;
}

FoundPoints ReadPoints(DatabaseConnection& connection, const CheckedTrial& trial,
                       const std::unordered_map<std::int64_t, SeriesUse>& uses) {
  FoundPoints found;
  for (const bool is_sealed : {true, false}) {
    const char* table = is_sealed ? "sealed_points" : "recent_points";
    ObservePoints(connection, table, trial.stored.id, uses, found.results, [&](std::int64_t step, SeriesUse use) {
      ++found.points;
      const bool belongs_sealed = step <= trial.stored.sealed_through;
      if (is_sealed && !belongs_sealed) ++found.sealed_behind;
      if (!is_sealed && belongs_sealed) ++found.recent_before;
      if (use.is_tokens) found.steps.insert(step);
    });
  }
  return found;
}

void CheckPlaces(const CheckedTrial& trial, const FoundPoints& found, DatabaseCheck& places) {
  if (found.sealed_behind > 0) {
    places.Add(absl::StrCat("trial ", trial.trial_id, ": ", found.sealed_behind,
                            " sealed points are of later steps than ", trial.stored.sealed_through,
                            ", through which it is sealed"));
  }
  if (found.recent_before > 0) {
    places.Add(absl::StrCat("trial ", trial.trial_id, ": ", found.recent_before,
                            " points that are not sealed are of steps through ", trial.stored.sealed_through,
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

// Where an attempt has ended, its own count may stand in the place of the newest points', which are of the step of its
// last update.
bool IsOfAnEnd(DatabaseConnection& connection, const CheckedTrial& trial, std::int64_t number, std::int64_t per_step) {
  Query end(connection.Prepare("SELECT 1 FROM trial_attempts WHERE trial = ?1 AND to_step * ?2 = ?3"));
  return end.Bind(trial.stored.id, per_step, number).Next();
}

void CheckCounts(DatabaseConnection& connection, const CheckedTrial& trial, const FoundPoints& found,
                 DatabaseCheck& results) {
  const auto check = [&](const char* column, std::int64_t stored, std::int64_t made, std::int64_t per_step) {
    if (stored == made || IsOfAnEnd(connection, trial, stored, per_step)) return;
    results.Add(absl::StrCat("trial ", trial.trial_id, ": ", column, " is ", stored, ", but its points come to ", made,
                             ", and no attempt ended there"));
  };
  check("steps", trial.stored.steps, std::max<std::int64_t>(found.results.step, 0), 1);
  check("tokens", trial.stored.results.tokens, found.results.tokens, trial.tokens_per_step);
}

// A sum depends on the order of its numbers, in its last digits.
bool AreSame(double stored, double made) {
  if (stored == made || (std::isnan(stored) && std::isnan(made))) return true;
  return std::abs(stored - made) <= 1e-9 * std::abs(made);
}

void CheckResults(const CheckedTrial& trial, const FoundPoints& found, DatabaseCheck& results) {
  const auto compare = [&](const char* column, std::int64_t stored_step, double stored, std::int64_t step,
                           double made) {
    if (stored_step == step && AreSame(stored, made)) return;
    results.Add(absl::StrCat("trial ", trial.trial_id, ": ", column, " is ", stored, " of step ", stored_step,
                             ", but its points come to ", made, " of step ", step));
  };
  const ResultColumns& stored = trial.stored.results;
  const ResultColumns& made = found.results;
  if (stored.step != made.step) {
    results.Add(absl::StrCat("trial ", trial.trial_id, ": its newest points are said to be of step ", stored.step,
                             ", but are of step ", made.step));
  }
  for (std::size_t i = 0; i < kLastValueColumns.size(); ++i) {
    compare(kLastValueColumns[i], stored.last_values[i].step, stored.last_values[i].value, made.last_values[i].step,
            made.last_values[i].value);
  }
  const auto of_blocks = [&](const char* column, double stored_value, double made_value) {
    compare(column, stored.kurtosis.step, stored_value, made.kurtosis.step, made_value);
  };
  of_blocks("kurtosis_blocks", static_cast<double>(stored.kurtosis.blocks), static_cast<double>(made.kurtosis.blocks));
  of_blocks("kurtosis_mean", trial.stored.kurtosis_mean, made.kurtosis.sum / static_cast<double>(made.kurtosis.blocks));
  of_blocks("kurtosis_max", stored.kurtosis.max, made.kurtosis.max);
  of_blocks("kurtosis_peak", stored.kurtosis_peak, made.kurtosis_peak);
  compare("mmr_max", stored.mmr.step, stored.mmr.max, made.mmr.step, made.mmr.max);
}

}  // namespace

void CheckCurves(DatabaseConnection& connection, DatabaseCheck& places, DatabaseCheck& gaps, DatabaseCheck& results) {
  const auto uses = ListSeriesUses(connection);
  const std::vector<CheckedTrial> trials = ListTrials(connection);
  std::uint64_t points = 0;
  for (const CheckedTrial& trial : trials) {
    const FoundPoints found = ReadPoints(connection, trial, uses);
    points += found.points;
    CheckPlaces(trial, found, places);
    CheckGaps(trial, found, gaps);
    CheckCounts(connection, trial, found, results);
    CheckResults(trial, found, results);
  }
  places.extent = absl::StrCat(points, " points");
  gaps.extent = absl::StrCat("of ", trials.size(), trials.size() == 1 ? " trial" : " trials");
  results.extent = gaps.extent;
}

}  // namespace ofsweep
