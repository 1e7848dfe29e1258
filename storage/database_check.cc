#include "storage/database_check.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/attempt.h"
#include "experiment/flat_json.h"
#include "experiment/quoted.h"
#include "experiment/trial_state.h"
#include "storage/curve_check.h"
#include "storage/database_connection.h"
#include "storage/log_store.h"
#include "storage/reader_connection.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

constexpr std::size_t kShownFaults = 10;

constexpr char kRestore[] = "put a copy of `ofsweep db backup` in its place (docs/howto-data.md), or report it";
constexpr char kTrainAnew[] =
    "put a copy of `ofsweep db backup` in its place, or train these trials anew: submit their sweep file under another "
    "name with --fresh";

constexpr char kRename[] =
    "use the ofsweep that wrote the database, or a newer one. What an early version has trained is whole all the same; "
    "only a sweep that is submitted now takes it for other trials, and trains anew";

std::int64_t ReadNumber(DatabaseConnection& connection, const std::string& sql) {
  Query query(connection.Prepare(sql));
  query.Next();
  return query.Integer(0);
}

// "1 sweep", "2 sweeps".
std::string Rows(DatabaseConnection& connection, const std::string& table, const std::string& noun) {
  const std::int64_t rows = ReadNumber(connection, "SELECT count(*) FROM " + table);
  return absl::StrCat(rows, " ", noun, rows == 1 || noun == "series" ? "" : "s");
}

void CheckFile(DatabaseConnection& connection, DatabaseCheck& check) {
  Query query(connection.Prepare("PRAGMA integrity_check"));
  while (query.Next()) {
    if (query.Text(0) != "ok") check.Add(query.Text(0));
  }
  check.extent = absl::StrCat(ReadNumber(connection, "PRAGMA page_count"), " pages of ",
                              ReadNumber(connection, "PRAGMA page_size"), " bytes");
}

// Rows of `table` whose `column` names none of `there`.
struct Reference {
  const char* table;
  const char* column;
  const char* there;  // a column of a table, in SQL
};
constexpr Reference kReferences[] = {
    {"sweep_trials", "sweep", "SELECT id FROM sweeps"},  {"sweep_trials", "trial", "SELECT id FROM trials"},
    {"sweep_trials", "arm", "SELECT id FROM arms"},      {"arms", "sweep", "SELECT id FROM sweeps"},
    {"sweep_inputs", "sweep", "SELECT id FROM sweeps"},  {"earlier_specs", "sweep", "SELECT id FROM sweeps"},
    {"trials", "id", "SELECT trial FROM sweep_trials"},  {"trials", "id", "SELECT trial FROM trial_configs"},
    {"trials", "id", "SELECT trial FROM trial_results"}, {"trial_configs", "trial", "SELECT id FROM trials"},
    {"trial_results", "trial", "SELECT id FROM trials"}, {"trial_attempts", "trial", "SELECT id FROM trials"},
};

// The trials that have points, found by one look-up each.
void CheckTrialsOfPoints(DatabaseConnection& connection, DatabaseCheck& check) {
  for (const std::string table : {"recent_points", "sealed_points"}) {
    Query query(connection.Prepare(absl::StrCat(
        "WITH RECURSIVE its (trial) AS (SELECT min(trial) FROM ", table, " UNION ALL SELECT (SELECT min(trial) FROM ",
        table, " WHERE trial > its.trial) FROM its WHERE its.trial IS NOT NULL) SELECT count(*) FROM its WHERE trial ",
        "IS NOT NULL AND trial NOT IN (SELECT id FROM trials UNION ALL SELECT trial FROM trials_to_clear)")));
    query.Next();
    if (query.Integer(0) == 0) continue;
    check.Add(absl::StrCat(table, ": holds points of ", query.Integer(0), " trials that are not there"));
  }
}

void CheckReferences(DatabaseConnection& connection, DatabaseCheck& check) {
  for (const Reference& reference : kReferences) {
    const std::int64_t missing =
        ReadNumber(connection, absl::StrCat("SELECT count(*) FROM ", reference.table, " WHERE ", reference.column,
                                            " NOT IN (", reference.there, ")"));
    if (missing == 0) continue;
    check.Add(absl::StrCat(reference.table, ": ", missing, " rows have a ", reference.column,
                           " that is missing among those of `", reference.there, "`"));
  }
  CheckTrialsOfPoints(connection, check);
  for (const char* table : {"recent_points", "sealed_points"}) {
    const std::int64_t unnamed = ReadNumber(
        connection, absl::StrCat("SELECT count(*) FROM ", table, " WHERE series NOT IN (SELECT id FROM series)"));
    if (unnamed > 0) check.Add(absl::StrCat(table, ": ", unnamed, " points are of a series that is not there"));
  }
  check.extent =
      absl::StrCat(Rows(connection, "sweeps", "sweep"), ", ", Rows(connection, "trials", "trial"), ", ",
                   Rows(connection, "trial_attempts", "attempt"), ", ", Rows(connection, "series", "series"));
}

void CheckSweepStates(DatabaseConnection& connection, DatabaseCheck& check) {
  Query query(
      connection.Prepare("SELECT name, state, (SELECT count(*) FROM sweep_trials WHERE sweep = sweeps.id), "
                         "(SELECT ifnull(max(position) + 1, 0) FROM sweep_trials WHERE sweep = sweeps.id), "
                         "(SELECT count(*) FROM results WHERE results.sweep = sweeps.name), "
                         "(SELECT count(*) FROM sweep_trials JOIN trials ON trials.id = trial WHERE sweep = sweeps.id "
                         "AND trials.state IN ('pending', 'running')) FROM sweeps"));
  while (query.Next()) {
    if (query.Text(1) == Name(SweepState::kFinished) && query.Integer(5) > 0) {
      check.Add(absl::StrCat("sweep ", query.Text(0), ": is finished, but ", query.Integer(5),
                             " of its trials are still to be trained"));
    }
    if (!ParseSweepState(query.Text(1))) {
      check.Add(absl::StrCat("sweep ", query.Text(0), ": has the unknown state ", query.Text(1)));
    }
    if (query.Integer(2) != query.Integer(3)) {
      check.Add(absl::StrCat("sweep ", query.Text(0), ": has ", query.Integer(2), " trials in ", query.Integer(3),
                             " places"));
    }
    if (query.Integer(2) != query.Integer(4)) {
      check.Add(absl::StrCat("sweep ", query.Text(0), ": has ", query.Integer(2), " trials, but results shows ",
                             query.Integer(4)));
    }
  }
}

void CheckTrialStates(DatabaseConnection& connection, DatabaseCheck& check) {
  Query query(
      connection.Prepare("SELECT trial_id, state, ifnull(failure_class, ''), generation, "
                         "(SELECT ifnull(max(generation), 0) FROM trial_attempts WHERE trial = trials.id), "
                         "(SELECT count(*) FROM trial_attempts WHERE trial = trials.id AND outcome = '' AND generation "
                         "< trials.generation), "
                         "(SELECT count(*) FROM trial_attempts WHERE trial = trials.id AND outcome = '' AND generation "
                         ">= trials.generation) FROM trials"));
  while (query.Next()) {
    const std::string trial = absl::StrCat("trial ", query.Text(0), ": ");
    const std::optional<TrialState> state = ParseTrialState(query.Text(1));
    if (!state) check.Add(absl::StrCat(trial, "has the unknown state ", query.Text(1)));
    if (!ParseFailureClass(query.Text(2))) {
      check.Add(absl::StrCat(trial, "has the unknown failure class ", query.Text(2)));
    }
    if (query.Integer(4) > query.Integer(3)) {
      check.Add(absl::StrCat(trial, "its newest attempt is said to be ", query.Integer(3), ", but there is one ",
                             query.Integer(4)));
    }
    if (query.Integer(5) > 0) {
      check.Add(absl::StrCat(trial, query.Integer(5), " attempts have no end, though later ones began"));
    }
    const bool has_outcome = state == TrialState::kCompleted || state == TrialState::kDiverged;
    const bool newest_is_open = query.Integer(6) > 0;
    if (has_outcome && query.Integer(4) == 0) {
      check.Add(absl::StrCat(trial, "is ", query.Text(1), " without an attempt"));
    }
    if (has_outcome && newest_is_open) {
      check.Add(absl::StrCat(trial, "is ", query.Text(1), ", but its newest attempt has no end"));
    }
    if (state == TrialState::kRunning && !newest_is_open) {
      check.Add(absl::StrCat(trial, "is running without an attempt that is"));
    }
  }
}

void CheckOutcomes(DatabaseConnection& connection, DatabaseCheck& check) {
  Query query(connection.Prepare("SELECT outcome, count(*) FROM trial_attempts WHERE outcome <> '' GROUP BY outcome"));
  while (query.Next()) {
    if (ParseAttemptOutcome(query.Text(0))) continue;
    check.Add(absl::StrCat(query.Integer(1), " attempts have the unknown outcome ", query.Text(0)));
  }
}

void CheckStates(DatabaseConnection& connection, DatabaseCheck& check) {
  CheckSweepStates(connection, check);
  CheckTrialStates(connection, check);
  CheckOutcomes(connection, check);
  Query query(connection.Prepare("SELECT state, count(*) FROM trials GROUP BY state ORDER BY state"));
  while (query.Next()) {
    absl::StrAppend(&check.extent, check.extent.empty() ? "" : ", ", query.Integer(1), " ", query.Text(0));
  }
  absl::StrAppend(&check.extent, check.extent.empty() ? "no trials" : " trials");
}

// What the trainer of a program before schema version 3 wrote its own values of over `auto`, of what names a trial.
constexpr std::array<std::string_view, 4> kOverwritten = {"train.device", "train.precision", "train.micro_batch_size",
                                                          "evaluate.batches"};

// That `hash` is of this configuration with some of these keys as they were submitted. Which ones the hash alone tells.
bool IsNamedBeforeTraining(const TrialConfig& trained, const std::string& hash) {
  for (unsigned keys = 1; keys < 1u << kOverwritten.size(); ++keys) {
    TrialConfig submitted = trained;
    for (std::size_t i = 0; i < kOverwritten.size(); ++i) {
      if ((keys >> i & 1) != 0) submitted.Set(kOverwritten[i], DefaultValue(*FindTrialKey(kOverwritten[i])));
    }
    if (ConfigHash(submitted) == hash) return true;
  }
  return false;
}

void CheckIdentities(DatabaseConnection& connection, DatabaseCheck& check) {
  // Attempts of those programs have nothing in `resolved`.
  Query query(
      connection.Prepare("SELECT trial_id, config_hash, config, EXISTS (SELECT 1 FROM trial_attempts WHERE trial = "
                         "trials.id AND resolved <> '{}') FROM trials JOIN trial_configs ON trial = trials.id"));
  while (query.Next()) {
    const std::string trial = absl::StrCat("trial ", query.Text(0), ": ");
    const std::string hash = query.Text(1);
    if (TrialId(hash) != query.Text(0)) check.Add(absl::StrCat(trial, "its name is not of its hash, ", hash));
    const std::optional<TrialConfig> config = ReadFlatJson(query.Text(2));
    if (!config) {
      check.Add(absl::StrCat(trial, "its configuration has keys or values that this ofsweep does not know"));
    } else if (ConfigHash(*config) != hash && (query.Integer(3) != 0 || !IsNamedBeforeTraining(*config, hash))) {
      check.Add(absl::StrCat(trial, "its configuration is not the one that it was named after"));
    }
  }
  check.extent = Rows(connection, "trials", "trial");
}

// Texts that programs parse, each with whose it is.
struct JsonColumn {
  const char* name;
  const char* rows;  // SQL
};
constexpr JsonColumn kJsonColumns[] = {
    {"its configuration", "SELECT 'trial ' || trial_id, config FROM trials JOIN trial_configs ON trial = trials.id"},
    {"what its trainer made of `auto`",
     "SELECT 'attempt ' || trial_attempts.generation || ' of trial ' || trial_id, resolved FROM trials JOIN "
     "trial_attempts ON trial = trials.id"},
    {"what it left out of the corpus",
     "SELECT 'attempt ' || trial_attempts.generation || ' of trial ' || trial_id, ifnull(left_out, '{}') FROM trials "
     "JOIN trial_attempts ON trial = trials.id"},
    {"its keys", "SELECT 'arm ' || arms.id || ' of sweep ' || name, keys FROM arms JOIN sweeps ON sweeps.id = sweep"},
    {"its tags", "SELECT 'sweep ' || name, tags FROM sweeps"},
};

// What SQLite does not look at, and everything that reads these rows trips over.
void CheckJson(DatabaseConnection& connection, DatabaseCheck& check) {
  for (const JsonColumn& column : kJsonColumns) {
    Query query(connection.Prepare(column.rows));
    while (query.Next()) {
      if (nlohmann::json::accept(query.Text(1))) continue;
      check.Add(absl::StrCat(Printable(query.Text(0)), ": ", column.name, " is no JSON"));
    }
  }
}

std::vector<DatabaseCheck> CheckAll(DatabaseConnection& connection) {
  // Points move between tables while a coordinator writes: everything is read of one state.
  SQLite::Transaction snapshot(connection.database());
  std::vector<DatabaseCheck> checks = {
      {.name = "file",
       .promise = "sound",
       .mend = absl::StrCat(kRestore, "; `sqlite3 FILE .recover | sqlite3 new.db` saves what can still be read")}};
  CheckFile(connection, checks[0]);
  if (checks[0].fault_count == 0) CheckJson(connection, checks[0]);
  if (checks[0].fault_count > 0) return checks;
  DatabaseCheck references{.name = "references", .promise = "what they refer to is there", .mend = kRestore};
  DatabaseCheck states{.name = "states", .promise = "they agree with their sweeps and attempts", .mend = kRestore};
  DatabaseCheck identities{.name = "identities", .promise = "named after their configurations", .mend = kRename};
  DatabaseCheck points{.name = "points", .promise = "each in the table that its step belongs to", .mend = kRestore};
  DatabaseCheck curves{.name = "curves", .promise = "none misses a measured step", .mend = kTrainAnew};
  DatabaseCheck results{.name = "results", .promise = "what their points come to", .mend = kTrainAnew};
  CheckReferences(connection, references);
  CheckStates(connection, states);
  CheckIdentities(connection, identities);
  CheckCurves(connection, points, curves, results);
  for (DatabaseCheck* check : {&references, &states, &identities, &points, &curves, &results}) {
    checks.push_back(std::move(*check));
  }
  return checks;
}

absl::Status CheckLogsOrigin(DatabaseConnection& connection, const std::string& path) {
  if (ReadNumber(connection, "PRAGMA application_id") == kLogsApplicationId) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, ": this file holds no logs of ofsweep"));
}

void CheckLogs(DatabaseConnection& connection, DatabaseCheck& check) {
  CheckFile(connection, check);
  if (check.fault_count > 0) return;
  const std::int64_t strays =
      ReadNumber(connection, "SELECT count(*) FROM blocks WHERE log NOT IN (SELECT id FROM logs)");
  if (strays > 0) check.Add(absl::StrCat(strays, " blocks are of no log"));
  check.extent = absl::StrCat(Rows(connection, "logs", "log"), ", ", check.extent);
}

}  // namespace

void DatabaseCheck::Add(std::string fault) {
  ++fault_count;
  if (faults.size() < kShownFaults) faults.push_back(std::move(fault));
}

absl::StatusOr<std::vector<DatabaseCheck>> CheckDatabase(const std::string& path) {
  const auto connection = OpenToRead(path, CheckSchema);
  if (!connection.ok()) return connection.status();
  try {
    return CheckAll(**connection);
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, (*connection)->handle(), path);
  }
}

DatabaseCheck CheckLogs(const std::string& path) {
  DatabaseCheck check{.name = "logs",
                      .promise = "sound",
                      .mend = "move logs.db away: the coordinator makes a new one, and workers hold the logs too"};
  const auto connection = OpenToRead(path, CheckLogsOrigin);
  if (!connection.ok()) check.Add(std::string(connection.status().message()));
  if (!connection.ok()) return check;
  try {
    CheckLogs(**connection, check);
  } catch (const SQLite::Exception& error) {
    check.Add(std::string(ToStatus(error, (*connection)->handle(), path).message()));
  }
  return check;
}

}  // namespace ofsweep
