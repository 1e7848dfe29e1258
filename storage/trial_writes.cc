#include "storage/trial_writes.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "storage/not_found.h"
#include "storage/sweep_deletion.h"
#include "storage/sweep_writes.h"

namespace ofsweep {
namespace {

std::string ToJsonText(const LeftOutFiles& left_out) {
  return nlohmann::json(left_out).dump();
}

std::optional<std::int64_t> FindTrialRow(DatabaseConnection& connection, const std::string& trial_id) {
  Query find(connection.Prepare("SELECT id FROM trials WHERE trial_id = ?1"));
  if (!find.Bind(trial_id).Next()) return std::nullopt;
  return find.Integer(0);
}

absl::Status SetSweepState(DatabaseConnection& connection, const std::string& sweep, SweepState state, TimeMs at) {
  const int changed = Query(connection.Prepare("UPDATE sweeps SET state = ?2, state_changed_at = ?3 WHERE name = ?1"))
                          .Bind(sweep, Name(state), at)
                          .Run();
  return changed > 0 ? absl::OkStatus() : NoSuchSweep(sweep);
}

absl::Status ChangeTrial(DatabaseConnection& connection, const TrialChange& change) {
  const int running = change.state == TrialState::kRunning ? 1 : 0;
  const TimeMs finished_at = IsTerminal(change.state) ? change.at : 0;
  static const std::string kUpdate = absl::StrCat(
      "UPDATE trials SET state = ?2, generation = ?3, attempts = ?4, failures = ?5, worker = nullif(?6, ''), "
      "failure_class = nullif(?7, ''), failure_message = nullif(?8, ''), wall_seconds = wall_seconds + ?9, "
      "outcome_reason = nullif(?13, ''), diverged_step = CASE WHEN ?2 = 'diverged' THEN ?14 END, "
      "started_ms = CASE WHEN ?10 AND started_ms = 0 THEN ?11 ELSE started_ms END, "
      "started_at = CASE WHEN ?10 AND started_ms = 0 THEN ",
      ShownTime("?11"), " ELSE started_at END, finished_ms = ?12, finished_at = ", ShownTime("?12"),
      " WHERE trial_id = ?1");
  const int changed = Query(connection.Prepare(kUpdate))
                          .Bind(change.trial_id, Name(change.state), static_cast<std::int64_t>(change.generation),
                                change.attempts, change.failures, change.worker, Name(change.failure_class),
                                change.failure_message, change.added_wall_seconds, running, change.at, finished_at,
                                change.diverged_reason, change.diverged_step)
                          .Run();
  return changed > 0 ? absl::OkStatus() : NoSuchTrial(change.trial_id);
}

// An attempt did this many updates: one more than the newest point says, which stands at the step of its update.
void RecordUpdates(DatabaseConnection& connection, std::int64_t trial, std::int64_t updates) {
  Query(connection.Prepare(R"sql(
    UPDATE trial_results SET steps = max(steps, ?2), tokens = max(tokens, ?2 * ifnull((
      SELECT config ->> '$."train.batch_size"' * config ->> '$."model.context"' FROM trial_configs WHERE trial = ?1), 0))
    WHERE trial = ?1)sql"))
      .Bind(trial, updates)
      .Run();
}

absl::Status RecordAttempt(DatabaseConnection& connection, const AttemptRow& attempt) {
  const std::optional<std::int64_t> trial = FindTrialRow(connection, attempt.name.trial_id);
  if (!trial.has_value()) return NoSuchTrial(attempt.name.trial_id);
  const AttemptEnd end = attempt.end.value_or(AttemptEnd{});
  // The row that closes an attempt need not repeat what the opening one said.
  const bool has_step = attempt.end && end.outcome != AttemptOutcome::kLost;
  Query(
      connection.Prepare(
          "INSERT INTO trial_attempts (trial, generation, worker, started_at, ended_at, outcome, failure_class, "
          "message, from_step, to_step) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
          "ON CONFLICT (trial, generation) DO UPDATE SET "
          "worker = CASE WHEN excluded.worker = '' THEN worker ELSE excluded.worker END, "
          "started_at = CASE WHEN excluded.started_at = 0 THEN started_at ELSE excluded.started_at END, "
          "ended_at = excluded.ended_at, outcome = excluded.outcome, failure_class = excluded.failure_class, "
          "message = excluded.message, from_step = ifnull(excluded.from_step, from_step), to_step = excluded.to_step"))
      .Bind(*trial, static_cast<std::int64_t>(attempt.name.generation), attempt.worker, attempt.started_at,
            attempt.ended_at, attempt.end ? Name(end.outcome) : "", Name(end.failure), end.message, attempt.from_step,
            has_step ? std::optional(end.step) : std::nullopt)
      .Run();
  if (has_step) RecordUpdates(connection, *trial, end.step);
  return absl::OkStatus();
}

absl::Status RecordOrigin(DatabaseConnection& connection, const AttemptName& attempt, const AttemptOrigin& origin) {
  const std::optional<std::int64_t> trial = FindTrialRow(connection, attempt.trial_id);
  if (!trial.has_value()) return NoSuchTrial(attempt.trial_id);
  const int known =
      Query(
          connection.Prepare("UPDATE trial_attempts SET resolved = ?3, data_fingerprint = nullif(?4, ''), "
                             "host = nullif(?5, ''), device = nullif(?6, ''), revision = nullif(?7, ''), left_out = ?8 "
                             "WHERE trial = ?1 AND generation = ?2"))
          .Bind(*trial, static_cast<std::int64_t>(attempt.generation), origin.resolved_json, origin.data_fingerprint,
                origin.host, origin.device, origin.revision, ToJsonText(origin.left_out))
          .Run();
  if (known == 0) return absl::NotFoundError(absl::StrCat("there is no attempt ", ToText(attempt)));
  Query(connection.Prepare("UPDATE trials SET data_fingerprint = nullif(?2, ''), begun_generation = ?3 WHERE id = ?1"))
      .Bind(*trial, origin.data_fingerprint, static_cast<std::int64_t>(attempt.generation))
      .Run();
  return absl::OkStatus();
}

absl::Status FixInput(DatabaseConnection& connection, const FixedInput& fixed) {
  const int stored = Query(connection.Prepare("INSERT INTO sweep_inputs (sweep, source, path, fingerprint) "
                                              "SELECT id, ?2, ?3, ?4 FROM sweeps WHERE name = ?1"))
                         .Bind(fixed.sweep, fixed.input.source, fixed.input.path, fixed.fingerprint)
                         .Run();
  return stored > 0 ? absl::OkStatus() : NoSuchSweep(fixed.sweep);
}

void ChangeConfig(DatabaseConnection& connection, const ConfigChange& change) {
  Query(connection.Prepare(
            "UPDATE trial_configs SET config = json_patch(config, ?2) "
            "WHERE trial = (SELECT id FROM trials WHERE trial_id = ?1) AND config IS NOT json_patch(config, ?2)"))
      .Bind(change.trial_id, change.keys_json)
      .Run();
}

}  // namespace

absl::Status Apply(DatabaseConnection& connection, PointWrites& points, const StateChange& change) {
  absl::Status status;
  const auto goes_on = [&](absl::Status done) { return (status = std::move(done)).ok(); };
  if (change.new_sweep && !goes_on(InsertSweep(connection, *change.new_sweep))) return status;
  if (change.updated_sweep && !goes_on(UpdateSweep(connection, *change.updated_sweep))) return status;
  for (const auto& [sweep, state] : change.sweeps) {
    if (!goes_on(SetSweepState(connection, sweep, state, change.at))) return status;
  }
  for (const TrialChange& trial : change.trials) {
    if (!goes_on(ChangeTrial(connection, trial))) return status;
    if (IsTerminal(trial.state)) points.RequestSeal(trial.trial_id);
  }
  for (const AttemptRow& attempt : change.attempts) {
    if (!goes_on(RecordAttempt(connection, attempt))) return status;
    if (attempt.from_step) points.Begin(attempt.name, *attempt.from_step);
  }
  for (const auto& [attempt, origin] : change.origins) {
    if (!goes_on(RecordOrigin(connection, attempt, origin))) return status;
  }
  for (const FixedInput& fixed : change.fixed_inputs) {
    if (!goes_on(FixInput(connection, fixed))) return status;
  }
  for (const ConfigChange& config : change.configs) ChangeConfig(connection, config);
  if (!change.deletion) return status;
  if (!goes_on(DeleteSweep(connection, *change.deletion))) return status;
  points.ClearDeleted();
  return status;
}

}  // namespace ofsweep
