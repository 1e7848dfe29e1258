#include "storage/sweep_writes.h"

#include <cstdint>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "storage/trial_reads.h"

namespace ofsweep {
namespace {

// The new trial's row; none when there is one of that id already.
std::optional<std::int64_t> InsertTrial(DatabaseConnection& connection, const TrialRow& trial) {
  static const std::string kInsert = absl::StrCat(
      "INSERT INTO trials (id, trial_id, config_hash, state, generation, attempts, failures, target_steps, worker, "
      "failure_class, failure_message, wall_seconds, started_ms, finished_ms, started_at, finished_at, block, "
      "optimizer, learning_rate, seed, data_fingerprint) VALUES "
      "((SELECT 1 + max(deleted_through, ifnull((SELECT max(id) FROM trials), 0)) FROM database), ?1, ?2, ?3, ?4, ?5, "
      "?6, ?7, nullif(?8, ''), "
      "nullif(?9, ''), "
      "nullif(?10, ''), ?11, ?12, ?13, ",
      ShownTime("?12"), ", ", ShownTime("?13"),
      ", ?14 ->> '$.\"model.block\"', ?14 ->> '$.\"optimizer.name\"', ?14 ->> '$.\"optimizer.learning_rate\"', "
      "?14 ->> '$.seed', nullif(?15, '')) ON CONFLICT (trial_id) DO NOTHING");
  const int inserted =
      Query(connection.Prepare(kInsert))
          .Bind(trial.trial_id, trial.config_hash, Name(trial.state), static_cast<std::int64_t>(trial.generation),
                trial.attempts, trial.failures, trial.target_steps, trial.worker, Name(trial.failure_class),
                trial.failure_message, trial.wall_seconds, trial.started_at, trial.finished_at, trial.config_json,
                trial.data_fingerprint)
          .Run();
  if (inserted == 0) return std::nullopt;
  const std::int64_t id = connection.LastRowId();
  Query(connection.Prepare("INSERT INTO trial_configs (trial, config) VALUES (?1, ?2)"))
      .Bind(id, trial.config_json)
      .Run();
  Query(connection.Prepare("INSERT INTO trial_results (trial) VALUES (?1)")).Bind(id).Run();
  return id;
}

std::int64_t InsertArm(DatabaseConnection& connection, std::int64_t sweep, const Arm& arm) {
  Query(connection.Prepare("INSERT INTO arms (sweep, keys, label) VALUES (?1, ?2, ?3)"))
      .Bind(sweep, arm.keys_json, arm.label)
      .Run();
  return connection.LastRowId();
}

// A trial that another sweep has brought.
absl::StatusOr<std::int64_t> ShareTrial(DatabaseConnection& connection, const TrialRow& trial) {
  Query find(connection.Prepare("SELECT id, config_hash FROM trials WHERE trial_id = ?1"));
  find.Bind(trial.trial_id).Next();
  if (find.Text(1) == trial.config_hash) return find.Integer(0);
  return absl::InvalidArgumentError(absl::StrCat("trial ", trial.trial_id, ": another configuration (hash ",
                                                 find.Text(1), ") has this id already; change any key of the trial"));
}

// The rows of a sweep's arms, made as they are first named.
class ArmRows {
 public:
  ArmRows(DatabaseConnection& connection, std::int64_t sweep) : connection_(connection), sweep_(sweep) {}

  std::int64_t RowOf(const Arm& arm) {
    const auto known = rows_.find(arm.keys_json);
    if (known != rows_.end()) return known->second;
    return rows_.emplace(arm.keys_json, InsertArm(connection_, sweep_, arm)).first->second;
  }

 private:
  DatabaseConnection& connection_;
  const std::int64_t sweep_;
  std::map<std::string, std::int64_t> rows_;  // by their keys
};

// The trials that the sweep has get the arms given here; the others take the places behind them.
absl::Status PlaceTrials(DatabaseConnection& connection, std::int64_t sweep, const NewSweep& placed) {
  ArmRows arms(connection, sweep);
  std::int64_t position = 0;
  for (const TrialRow& trial : placed.trials) {
    std::optional<std::int64_t> id = InsertTrial(connection, trial);
    if (!id.has_value()) {
      const absl::StatusOr<std::int64_t> shared = ShareTrial(connection, trial);
      if (!shared.ok()) return shared.status();
      id = *shared;
    }
    // A trial that the sweep has stands where it stood, or the list is wrong.
    const int linked =
        Query(connection.Prepare("INSERT INTO sweep_trials (sweep, position, trial, arm) VALUES (?1, ?2, ?3, ?4) "
                                 "ON CONFLICT (trial, sweep) DO UPDATE SET arm = excluded.arm "
                                 "WHERE position = excluded.position"))
            .Bind(sweep, position++, *id, arms.RowOf(trial.arm))
            .Run();
    if (linked == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("sweep ", placed.sweep.name, " lists trial ", trial.trial_id, " twice, or in another place"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string ShownTime(const char* milliseconds) {
  return absl::StrCat("strftime('%Y-%m-%dT%H:%M:%fZ', nullif(", milliseconds, ", 0) / 1000.0, 'unixepoch')");
}

absl::Status InsertSweep(DatabaseConnection& connection, const NewSweep& added) {
  const SweepRow& sweep = added.sweep;
  const int inserted =
      Query(connection.Prepare("INSERT INTO sweeps (name, state, spec, submitted_at, state_changed_at, file, "
                               "spec_sha256, revision, description, tags, priority, keep_checkpoints, owner) "
                               "VALUES (?1, ?2, ?3, ?4, ?4, nullif(?5, ''), nullif(?6, ''), nullif(?7, ''), "
                               "?8, ?9, ?10, ?11, ?12) ON CONFLICT (name) DO NOTHING"))
          .Bind(sweep.name, Name(sweep.state), sweep.spec, sweep.submitted_at, sweep.file, sweep.spec_sha256,
                sweep.revision, sweep.attributes.description, nlohmann::json(sweep.attributes.tags).dump(),
                sweep.attributes.priority, Name(sweep.attributes.keep_checkpoints), sweep.owner)
          .Run();
  if (inserted == 0) {
    return absl::AlreadyExistsError(absl::StrCat("there is a sweep ", sweep.name, " already; choose another name"));
  }
  return PlaceTrials(connection, connection.LastRowId(), added);
}

absl::Status UpdateSweep(DatabaseConnection& connection, const NewSweep& updated) {
  const SweepRow& sweep = updated.sweep;
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep.name);
  if (!id.ok()) return id.status();
  Query(
      connection.Prepare(
          "INSERT INTO earlier_specs (sweep, number, submitted_at, spec, file, spec_sha256, revision) "
          "SELECT id, 1 + (SELECT count(*) FROM earlier_specs WHERE sweep = sweeps.id), max(submitted_at, updated_at), "
          "spec, file, spec_sha256, revision FROM sweeps WHERE id = ?1"))
      .Bind(*id)
      .Run();
  Query(connection.Prepare("UPDATE sweeps SET spec = ?2, file = nullif(?3, ''), spec_sha256 = nullif(?4, ''), "
                           "revision = nullif(?5, ''), updated_at = ?6, description = ?7, tags = ?8, priority = ?9, "
                           "keep_checkpoints = ?10 WHERE id = ?1"))
      .Bind(*id, sweep.spec, sweep.file, sweep.spec_sha256, sweep.revision, sweep.updated_at,
            sweep.attributes.description, nlohmann::json(sweep.attributes.tags).dump(), sweep.attributes.priority,
            Name(sweep.attributes.keep_checkpoints))
      .Run();
  Query(connection.Prepare("DELETE FROM arms WHERE sweep = ?1")).Bind(*id).Run();
  if (absl::Status placed = PlaceTrials(connection, *id, updated); !placed.ok()) return placed;
  Query left_out(connection.Prepare("SELECT 1 FROM sweep_trials WHERE sweep = ?1 AND position >= ?2"));
  if (!left_out.Bind(*id, static_cast<std::int64_t>(updated.trials.size())).Next()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the update of sweep ", sweep.name, " leaves trials out"));
}

}  // namespace ofsweep
