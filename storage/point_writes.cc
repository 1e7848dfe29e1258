#include "storage/point_writes.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/not_found.h"
#include "storage/sweep_deletion.h"

namespace ofsweep {
namespace {

// Trials remembered between appends. More than run at a time, and few enough to be nothing in memory.
constexpr std::size_t kRememberedTrials = 16384;

// Points moved in one transaction: some milliseconds, for which calls wait.
constexpr std::int64_t kSlicePoints = 8192;

const Series kTokens{"tokens", std::nullopt, ""};
const Series kSeconds{"seconds", std::nullopt, ""};

std::string InsertSql(const char* table, int points = 1) {
  std::string sql = absl::StrCat("INSERT INTO ", table, " (trial, step, series, value) VALUES ");
  for (int i = 0; i < points; ++i) {
    absl::StrAppend(&sql, i == 0 ? "" : ", ", "(?1, ?2, ?", 3 + 2 * i, ", ?", 4 + 2 * i, ")");
  }
  return sql + " ON CONFLICT DO NOTHING";
}

std::string FindSql() {
  return absl::StrCat("SELECT trials.id, ", TrialResultNames(),
                      " FROM trials JOIN trial_results ON trial_results.trial = trials.id WHERE trial_id = ?1");
}

std::string WriteResultsSql() {
  std::string sql = absl::StrCat("REPLACE INTO trial_results (trial, ", TrialResultNames(), ") VALUES (?1");
  for (int i = 2; i <= kTrialResultColumns; ++i) absl::StrAppend(&sql, ", ?", i);
  return sql + ")";
}

}  // namespace

PointWrites::PointWrites(DatabaseConnection& connection, std::int64_t seal_every_steps)
    : connection_(connection),
      seal_every_steps_(seal_every_steps),
      series_(connection),
      find_(connection.handle(), FindSql()),
      write_results_(connection.handle(), WriteResultsSql()),
      insert_recent_(connection.handle(), InsertSql("recent_points")),
      insert_sealed_(connection.handle(), InsertSql("sealed_points")),
      insert_32_(connection.handle(), InsertSql("recent_points", 32)),
      insert_8_(connection.handle(), InsertSql("recent_points", 8)),
      has_clear_work_(HasDeletedPoints(connection)) {}

TrialResults* PointWrites::Find(const std::string& trial_id) {
  if (const auto found = trials_.find(trial_id); found != trials_.end()) return &found->second;
  Query row(find_);
  if (!row.Bind(trial_id).Next()) return nullptr;
  if (trials_.size() >= kRememberedTrials) trials_.clear();
  return &trials_.emplace(trial_id, ReadTrialResults(row)).first->second;
}

absl::StatusOr<PushCounts> PointWrites::Append(const AttemptName& attempt, std::int64_t from_step,
                                               const PointColumns& points) {
  const std::string& trial_id = attempt.trial_id;
  for (const PointColumns::Row& row : points.rows) {
    if (row.step < 0) {
      return absl::InvalidArgumentError(absl::StrCat("trial ", trial_id, ": step ", row.step, " is negative"));
    }
  }
  TrialResults* trial = Find(trial_id);
  if (trial == nullptr) return NoSuchTrial(trial_id);
  BeginCurve(*trial, attempt, from_step);
  PushCounts counts;
  if (points.rows.empty()) return counts;
  std::vector<SeriesTable::Entry> series;
  for (const Series& named : points.series) series.push_back(series_.Intern(named));
  for (std::size_t row = 0; row < points.rows.size(); ++row) AppendRow(*trial, points, row, series, counts);
  if (trial->recent_steps >= seal_every_steps_) {
    trial->recent_steps = 0;
    AskForSeal(trial->id, trial->results.step, trial_id);
  }
  WriteResults(*trial);
  return counts;
}

void PointWrites::Begin(const AttemptName& attempt, std::int64_t from_step) {
  if (TrialResults* trial = Find(attempt.trial_id)) BeginCurve(*trial, attempt, from_step);
}

void PointWrites::BeginCurve(TrialResults& trial, const AttemptName& attempt, std::int64_t from_step) {
  if (attempt.generation <= trial.generation) return;
  trial.generation = attempt.generation;
  Query(connection_.Prepare("UPDATE trial_attempts SET from_step = ?3 WHERE trial = ?1 AND generation = ?2"))
      .Bind(trial.id, static_cast<std::int64_t>(attempt.generation), from_step)
      .Run();
  // One that begins at step 0 has no checkpoint, and measures step 0 itself.
  const std::int64_t kept_through = from_step > 0 ? from_step : -1;
  if (trial.results.step > kept_through) {
    for (const char* table : {"recent_points", "sealed_points"}) {
      Query(connection_.Prepare(absl::StrCat("DELETE FROM ", table, " WHERE trial = ?1 AND step > ?2")))
          .Bind(trial.id, kept_through)
          .Run();
    }
    trial.sealed_through = std::min(trial.sealed_through, kept_through);
    trial.recent_steps = 0;
    trial.results = {};
    const auto uses = ListSeriesUses(connection_);
    for (const char* table : {"sealed_points", "recent_points"}) {
      ObservePoints(connection_, table, trial.id, uses, trial.results, [](std::int64_t, SeriesUse) {});
    }
  }
  WriteResults(trial);
}

bool PointWrites::InsertNewest(std::int64_t trial, std::int64_t step) {
  const auto by_series = [](const auto& a, const auto& b) { return a.first < b.first; };
  const auto same_series = [](const auto& a, const auto& b) { return a.first == b.first; };
  std::sort(row_.begin(), row_.end(), by_series);
  if (std::adjacent_find(row_.begin(), row_.end(), same_series) != row_.end()) return false;
  auto next = row_.begin();
  const std::pair<int, const Statement*> sizes[] = {{32, &insert_32_}, {8, &insert_8_}, {1, &insert_recent_}};
  for (const auto& [points, statement] : sizes) {
    while (row_.end() - next >= points) {
      Query query(*statement);
      query.Bind(trial, step);
      for (int i = 0; i < points; ++i, ++next) {
        query.BindOne(3 + 2 * i, next->first);
        query.BindOne(4 + 2 * i, next->second);
      }
      query.Run();
    }
  }
  return true;
}

void PointWrites::AppendRow(TrialResults& trial, const PointColumns& points, std::size_t row,
                            const std::vector<SeriesTable::Entry>& series, PushCounts& counts) {
  const PointColumns::Row& step = points.rows[row];
  const SeriesTable::Entry tokens = series_.Intern(kTokens);
  const SeriesTable::Entry seconds = series_.Intern(kSeconds);
  const bool is_late = step.step <= trial.sealed_through;
  const Statement& table = is_late ? insert_sealed_ : insert_recent_;
  row_.clear();
  row_.emplace_back(tokens.id, static_cast<double>(step.tokens));
  row_.emplace_back(seconds.id, step.seconds);
  for (std::size_t point = points.begin(row); point < step.end; ++point) {
    row_.emplace_back(series[points.series_of[point]].id, points.values[point]);
  }
  const bool is_new = step.step > trial.results.step && InsertNewest(trial.id, step.step);
  // False when the point was there already.
  const auto insert = [&](std::int64_t of, double value) {
    return is_new || Query(table).Bind(trial.id, step.step, of, value).Run() > 0;
  };
  if (insert(tokens.id, static_cast<double>(step.tokens))) {
    if (!is_late) ++trial.recent_steps;
    if (step.step > trial.results.step) {
      trial.results.step = step.step;
      trial.results.tokens = step.tokens;
    }
  }
  insert(seconds.id, step.seconds);
  for (std::size_t point = points.begin(row); point < step.end; ++point) {
    const SeriesTable::Entry& of = series[points.series_of[point]];
    const double value = points.values[point];
    if (!insert(of.id, value)) {
      ++counts.duplicates;
      continue;
    }
    ++counts.stored;
    if (!std::isfinite(value)) ++counts.non_finite;
    trial.results.Observe(of.role, step.step, value);
  }
}

void PointWrites::WriteResults(const TrialResults& trial) {
  Query query(write_results_);
  BindTrialResults(trial, query);
  query.Run();
}

void PointWrites::RequestSeal(const std::string& trial_id) {
  const TrialResults* trial = Find(trial_id);
  if (trial == nullptr || trial->results.step <= trial->sealed_through) return;
  AskForSeal(trial->id, trial->results.step, trial_id);
}

void PointWrites::AskForSeal(std::int64_t trial, std::int64_t through, const std::string& trial_id) {
  seals_.push_back({trial, through, trial_id, std::chrono::steady_clock::now()});
}

void PointWrites::RequestInterruptedSeals() {
  std::int64_t trial = -1;
  while (true) {
    Query next(
        connection_.Prepare("SELECT trials.id, trials.trial_id, trials.state, trial_results.step "
                            "FROM trials JOIN trial_results ON trial_results.trial = trials.id "
                            "WHERE trials.id = (SELECT min(trial) FROM recent_points WHERE trial > ?1)"));
    if (!next.Bind(trial).Next()) return;
    trial = next.Integer(0);
    const std::optional<TrialState> state = ParseTrialState(next.Text(2));
    if (state.has_value() && IsTerminal(*state)) AskForSeal(trial, next.Integer(3), next.Text(1));
  }
}

void PointWrites::SealSlice() {
  for (std::int64_t room = kSlicePoints; room > 0 && sealed_in_slice_ < seals_.size();) {
    room -= SealSome(seals_[sealed_in_slice_], room);
  }
}

std::int64_t PointWrites::SealSome(const Seal& seal, std::int64_t room) {
  const std::int64_t last = LastStepOfSlice(seal, room);
  const int moved =
      Query(connection_.Prepare("INSERT INTO sealed_points (trial, series, step, value) "
                                "SELECT trial, series, step, value FROM recent_points WHERE trial = ?1 AND step <= ?2 "
                                "ORDER BY series, step"))
          .Bind(seal.trial, last)
          .Run();
  Query(connection_.Prepare("DELETE FROM recent_points WHERE trial = ?1 AND step <= ?2")).Bind(seal.trial, last).Run();
  Query(connection_.Prepare("UPDATE trial_results SET sealed_through = max(sealed_through, ?2) WHERE trial = ?1"))
      .Bind(seal.trial, last)
      .Run();
  if (const auto known = trials_.find(seal.trial_id); known != trials_.end()) {
    known->second.sealed_through = std::max(known->second.sealed_through, last);
  }
  if (last < seal.through) return room;
  ++sealed_in_slice_;
  return std::max(moved, 1);
}

std::int64_t PointWrites::LastStepOfSlice(const Seal& seal, std::int64_t room) {
  // The step in which the slice is full; it is taken whole, because a step belongs to one table.
  Query query(
      connection_.Prepare("SELECT step FROM recent_points WHERE trial = ?1 AND step <= ?2 "
                          "ORDER BY step LIMIT 1 OFFSET ?3"));
  return query.Bind(seal.trial, seal.through, room).Next() ? query.Integer(0) : seal.through;
}

void PointWrites::SliceIsDurable() {
  seals_.erase(seals_.begin(), seals_.begin() + static_cast<std::ptrdiff_t>(sealed_in_slice_));
  sealed_in_slice_ = 0;
}

void PointWrites::ClearDeleted() {
  trials_.clear();
  has_clear_work_ = true;
}

void PointWrites::ClearSlice() {
  ClearDeletedPoints(connection_);
  has_clear_work_ = HasDeletedPoints(connection_);
}

void PointWrites::Forget() {
  sealed_in_slice_ = 0;
  series_.Forget();
  trials_.clear();
}

}  // namespace ofsweep
