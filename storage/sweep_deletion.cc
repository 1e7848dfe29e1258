#include "storage/sweep_deletion.h"

#include "absl/strings/str_cat.h"
#include "storage/not_found.h"

namespace ofsweep {
namespace {

// Points removed in one transaction: some tens of milliseconds.
constexpr int kPointsAtOnce = 32768;
// Trials looked at in one transaction: most have no point left, or never had one.
constexpr int kTrialsAtOnce = 256;

std::int64_t ClearTrial(DatabaseConnection& connection, std::int64_t trial, std::int64_t room) {
  std::int64_t removed = 0;
  for (const char* table : {"recent_points", "sealed_points"}) {
    removed += Query(connection.Prepare(absl::StrCat(
                         "DELETE FROM ", table, " WHERE (trial, series, step) IN (SELECT trial, series, step FROM ",
                         table, " WHERE trial = ?1 LIMIT ?2)")))
                   .Bind(trial, room - removed)
                   .Run();
  }
  return removed;
}

}  // namespace

absl::Status DeleteSweep(DatabaseConnection& connection, const SweepDeletion& deletion) {
  std::int64_t sweep = 0;
  {
    Query find(connection.Prepare("SELECT id FROM sweeps WHERE name = ?1"));
    if (!find.Bind(deletion.sweep).Next()) return NoSuchSweep(deletion.sweep);
    sweep = find.Integer(0);
  }
  for (const AttemptName& trial : deletion.begun_trials) {
    Query(connection.Prepare("INSERT INTO deleted_trials (trial_id, generation) VALUES (?1, ?2)"))
        .Bind(trial.trial_id, static_cast<std::int64_t>(trial.generation))
        .Run();
  }
  Query(connection.Prepare(
            "INSERT INTO trials_to_clear (trial) SELECT trial FROM sweep_trials AS its WHERE sweep = ?1 AND NOT EXISTS "
            "(SELECT 1 FROM sweep_trials AS others WHERE others.trial = its.trial AND others.sweep <> ?1)"))
      .Bind(sweep)
      .Run();
  connection.Execute(
      "UPDATE database SET deleted_through = max(deleted_through, ifnull((SELECT max(trial) FROM trials_to_clear), "
      "0))");
  for (const char* table : {"trial_attempts", "trial_configs", "trial_results"}) {
    connection.Execute(
        absl::StrCat("DELETE FROM ", table, " WHERE trial IN (SELECT trial FROM trials_to_clear)").c_str());
  }
  connection.Execute("DELETE FROM trials WHERE id IN (SELECT trial FROM trials_to_clear)");
  for (const char* table : {"sweep_inputs", "arms", "sweep_trials", "earlier_specs"}) {
    Query(connection.Prepare(absl::StrCat("DELETE FROM ", table, " WHERE sweep = ?1"))).Bind(sweep).Run();
  }
  Query(connection.Prepare("DELETE FROM sweeps WHERE id = ?1")).Bind(sweep).Run();
  return absl::OkStatus();
}

bool HasDeletedPoints(DatabaseConnection& connection) {
  return Query(connection.Prepare("SELECT 1 FROM trials_to_clear LIMIT 1")).Next();
}

void ClearDeletedPoints(DatabaseConnection& connection) {
  std::int64_t room = kPointsAtOnce;
  for (int looked_at = 0; room > 0 && looked_at < kTrialsAtOnce; ++looked_at) {
    std::int64_t trial = 0;
    {
      Query next(connection.Prepare("SELECT trial FROM trials_to_clear LIMIT 1"));
      if (!next.Next()) return;
      trial = next.Integer(0);
    }
    room -= ClearTrial(connection, trial, room);
    if (room > 0) Query(connection.Prepare("DELETE FROM trials_to_clear WHERE trial = ?1")).Bind(trial).Run();
  }
}

std::vector<DeletedTrial> ListDeletedTrials(DatabaseConnection& connection) {
  std::vector<DeletedTrial> trials;
  Query query(connection.Prepare("SELECT number, trial_id, generation FROM deleted_trials ORDER BY number"));
  while (query.Next()) {
    trials.push_back(
        {static_cast<std::uint64_t>(query.Integer(0)), {query.Text(1), static_cast<std::uint64_t>(query.Integer(2))}});
  }
  return trials;
}

}  // namespace ofsweep
