#include "storage/trial_reads.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "storage/not_found.h"
#include "storage/result_columns.h"

namespace ofsweep {
namespace {

constexpr char kSweepColumns[] =
    "id, name, description, tags, priority, keep_checkpoints, state, spec, submitted_at, updated_at, file, "
    "spec_sha256, revision, owner";

// AttemptOrigin; ReadOrigin reads it.
constexpr char kOriginColumns[] =
    "ifnull(origin.resolved, '{}'), origin.data_fingerprint, origin.host, origin.device, origin.revision, "
    "ifnull(origin.left_out, '{}')";
constexpr int kOriginColumnCount = 6;

// Of the earlier attempts that the curve has points of: each takes away what those before it have behind its beginning.
// NULL where there are none.
constexpr char kEarlierOrigins[] = R"sql(
  CASE WHEN trials.attempts > 1 THEN (
    SELECT nullif(json_group_array(json_array(resolved, data_fingerprint, host, device, revision)), '[]') FROM (
      SELECT * FROM trial_attempts AS earlier
      WHERE trial = trials.id AND generation < trials.begun_generation AND from_step IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM trial_attempts AS later
        WHERE later.trial = trials.id AND later.generation > earlier.generation AND later.from_step <= earlier.from_step)
      ORDER BY generation)) END)sql";

// What TrialRow holds without its configuration; ReadTrial reads it from column 0 on. How the newest attempt and the
// curve stand is for the scheduler alone: three look-ups a trial.
std::string TrialColumns(bool for_scheduler) {
  return absl::StrCat(
      "trials.trial_id, trials.config_hash, trials.state, trials.generation, trials.attempts, trials.failures, "
      "trials.target_steps, trial_results.steps, trials.worker, trials.failure_class, trials.failure_message, "
      "trials.wall_seconds, trials.started_ms, trials.finished_ms, trial_results.tokens, "
      "trial_results.curve_generation, ",
      for_scheduler ? "ifnull((SELECT outcome = '' FROM trial_attempts WHERE trial = trials.id AND generation = "
                      "trials.generation), 0), "
                      "max(trial_results.steps, "
                      "ifnull((SELECT max(ifnull(from_step, 0), ifnull(to_step, 0)) FROM trial_attempts WHERE trial = "
                      "trials.id AND generation = trial_results.curve_generation), 0)), "
                      "ifnull((SELECT started_at FROM trial_attempts WHERE trial = trials.id AND generation = "
                      "trials.generation), 0), "
                    : "0, 0, 0, ",
      "trials.data_fingerprint, trials.outcome_reason, trials.diverged_step");
}
constexpr int kConfigColumn = 22;

// SQLite's integers are signed; more than this is no limit at all.
std::int64_t Clamp(std::uint64_t count) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::int64_t>::max()));
}

TrialRow ReadTrial(const Query& row) {
  TrialRow trial;
  trial.trial_id = row.Text(0);
  trial.config_hash = row.Text(1);
  trial.state = ParseTrialState(row.Text(2)).value();
  trial.generation = static_cast<std::uint64_t>(row.Integer(3));
  trial.attempts = static_cast<int>(row.Integer(4));
  trial.failures = static_cast<int>(row.Integer(5));
  trial.target_steps = row.Integer(6);
  trial.step = row.Integer(7);
  trial.worker = row.Text(8);
  trial.failure_class = ParseFailureClass(row.Text(9)).value();
  trial.failure_message = row.Text(10);
  trial.wall_seconds = row.Real(11);
  trial.started_at = row.Integer(12);
  trial.finished_at = row.Integer(13);
  trial.tokens = row.Integer(14);
  trial.curve_generation = static_cast<std::uint64_t>(row.Integer(15));
  trial.attempt_open = row.Integer(16) != 0;
  trial.stored_through = row.Integer(17);
  trial.attempt_started_at = row.Integer(18);
  trial.data_fingerprint = row.Text(19);
  trial.diverged_reason = row.Text(20);
  if (!row.IsNull(21)) trial.diverged_step = row.Integer(21);
  return trial;
}

AttemptOrigin ReadOrigin(const Query& row, int column) {
  const std::string left_out = row.Text(column + 5);
  return {.resolved_json = row.Text(column),
          .data_fingerprint = row.Text(column + 1),
          .host = row.Text(column + 2),
          .device = row.Text(column + 3),
          .revision = row.Text(column + 4),
          .left_out = left_out == "{}" ? LeftOutFiles{} : nlohmann::json::parse(left_out).get<LeftOutFiles>()};
}

std::vector<AttemptOrigin> ReadEarlierOrigins(const std::string& json) {
  std::vector<AttemptOrigin> origins;
  if (json.empty()) return origins;
  const auto text = [](const nlohmann::json& value) { return value.is_null() ? "" : value.get<std::string>(); };
  for (const auto& row : nlohmann::json::parse(json)) {
    origins.push_back({.resolved_json = text(row[0]),
                       .data_fingerprint = text(row[1]),
                       .host = text(row[2]),
                       .device = text(row[3]),
                       .revision = text(row[4])});
  }
  return origins;
}

SweepRow ReadSweep(const Query& row) {
  return {.id = row.Integer(0),
          .name = row.Text(1),
          .attributes = {.description = row.Text(2),
                         .tags = nlohmann::json::parse(row.Text(3)).get<std::vector<std::string>>(),
                         .priority = static_cast<int>(row.Integer(4)),
                         .keep_checkpoints = ParseKeepCheckpoints(row.Text(5)).value()},
          .state = ParseSweepState(row.Text(6)).value(),
          .spec = row.Text(7),
          .submitted_at = row.Integer(8),
          .updated_at = row.Integer(9),
          .file = row.Text(10),
          .spec_sha256 = row.Text(11),
          .revision = row.Text(12),
          .owner = row.Text(13)};
}

// A ResultNumber, and whether it was measured at all: NULL with a step is a NaN.
struct ResultColumn {
  std::string name;
  std::string value;
  std::string measured;
};

using ResultColumnList = std::vector<ResultColumn>;

const ResultColumnList& AllResultColumns() {
  static const auto columns = [] {
    ResultColumnList made;
    for (const char* name : kLastValueColumns) made.push_back({name, name, absl::StrCat(name, "_step >= 0")});
    for (const ResultNumber& number : kResultNumbers) {
      if (number.of != ResultOf::kIncrease) continue;
      const std::string metric(number.metric);
      made.push_back({number.name, absl::StrCat(metric, " - eval_perplexity"),
                      absl::StrCat(metric, "_step >= 0 AND ", metric, "_step = eval_perplexity_step")});
    }
    const ResultColumn others[] = {
        {"kurtosis_mean", "kurtosis_mean", "kurtosis_step >= 0"},
        {"kurtosis_max", "kurtosis_max", "kurtosis_step >= 0"},
        {"kurtosis_peak", "kurtosis_peak", "kurtosis_step >= 0"},
        {"mmr_max", "mmr_max", "mmr_step >= 0"},
        {"learning_rate", "trials.learning_rate", "trials.learning_rate IS NOT NULL"},
        {"seed", "trials.seed", "trials.seed IS NOT NULL"},
        {"attempts", "trials.attempts", "1"},
        {"steps", "trial_results.steps", "1"},
        {"tokens", "trial_results.tokens", "1"},
        {"wall_seconds", "trials.wall_seconds", "1"},
    };
    made.insert(made.end(), std::begin(others), std::end(others));
    return made;
  }();
  return columns;
}

// What each attempt of a trial's curve was made by, and then its numbers; ReadOriginsAndNumbers reads them.
std::string OriginsAndNumbers(const ResultColumnList& columns) {
  std::string sql = absl::StrCat(kOriginColumns, ", ", kEarlierOrigins);
  for (const ResultColumn& column : columns) absl::StrAppend(&sql, ", ", column.value, ", ", column.measured);
  return sql;
}

constexpr char kFromTrialsOfSweep[] = R"sql(
  FROM sweep_trials
    JOIN trials ON trials.id = sweep_trials.trial
    JOIN arms ON arms.id = sweep_trials.arm
    JOIN trial_results ON trial_results.trial = trials.id
    LEFT JOIN trial_attempts AS origin ON origin.trial = trials.id AND origin.generation = trials.begun_generation
    )sql";

// What a ResultRow is read from, from column 0 on.
std::string ResultsSql() {
  return absl::StrCat("SELECT ", TrialColumns(/*for_scheduler=*/false),
                      ", trial_configs.config, arms.keys, arms.label, position, ",
                      OriginsAndNumbers(AllResultColumns()), kFromTrialsOfSweep,
                      "JOIN trial_configs ON trial_configs.trial = trials.id WHERE sweep_trials.sweep = ?1");
}

std::string PageOfResultsSql(std::size_t states) {
  std::string sql = ResultsSql() + " AND position >= ?3";
  for (std::size_t i = 0; i < states; ++i) {
    absl::StrAppend(&sql, i == 0 ? " AND trials.state IN (?" : ", ?", 4 + i);
  }
  return absl::StrCat(sql, states == 0 ? "" : ")", " ORDER BY position LIMIT ?2");
}

void ReadOriginsAndNumbers(const Query& query, int column, const ResultColumnList& columns, ResultRow& row) {
  row.origin = ReadOrigin(query, column);
  column += kOriginColumnCount;
  row.earlier_origins = ReadEarlierOrigins(query.Text(column++));
  for (const ResultColumn& result : columns) {
    if (query.Integer(column + 1) != 0) row.values.emplace(result.name, query.Real(column));
    column += 2;
  }
}

ResultRow ReadResult(const Query& query) {
  ResultRow row{.trial = ReadTrial(query)};
  row.trial.config_json = query.Text(kConfigColumn);
  row.trial.arm = {.keys_json = query.Text(kConfigColumn + 1), .label = query.Text(kConfigColumn + 2)};
  row.position = static_cast<std::uint64_t>(query.Integer(kConfigColumn + 3));
  ReadOriginsAndNumbers(query, kConfigColumn + 4, AllResultColumns(), row);
  return row;
}

}  // namespace

absl::StatusOr<std::int64_t> SweepId(DatabaseConnection& connection, const std::string& sweep) {
  Query query(connection.Prepare("SELECT id FROM sweeps WHERE name = ?1"));
  if (!query.Bind(sweep).Next()) return NoSuchSweep(sweep);
  return query.Integer(0);
}

std::optional<SweepRow> FindSweep(DatabaseConnection& connection, const std::string& name) {
  Query query(connection.Prepare(absl::StrCat("SELECT ", kSweepColumns, " FROM sweeps WHERE name = ?1")));
  if (!query.Bind(name).Next()) return std::nullopt;
  return ReadSweep(query);
}

absl::StatusOr<Fingerprints> SubmittedInputs(DatabaseConnection& connection, const std::string& sweep) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  std::map<DataInput, std::set<std::string>> found;
  for (const InputKeys& keys : kInputKeys) {
    const std::string source =
        keys.path == "model.init_from" ? "'safetensors'" : std::string("config ->> '$.\"data.source\"'");
    Query query(connection.Prepare(absl::StrCat(
        "SELECT DISTINCT ", source, ", config ->> '$.\"", std::string(keys.path), "\"', config ->> '$.\"",
        std::string(keys.fingerprint),
        "\"' AS fingerprint FROM sweep_trials JOIN trial_configs ON trial_configs.trial = sweep_trials.trial "
        "WHERE sweep = ?1 AND fingerprint IS NOT 'auto'")));
    query.Bind(*id);
    while (query.Next()) {
      const DataInput input{query.Text(0), query.Text(1)};
      if (IsInput(input, keys)) found[input].insert(query.Text(2));
    }
  }
  Fingerprints agreed;
  for (const auto& [input, fingerprints] : found) {
    if (fingerprints.size() == 1) agreed.emplace(input, *fingerprints.begin());
  }
  return agreed;
}

absl::StatusOr<std::vector<std::string>> Replicas(DatabaseConnection& connection, const std::string& sweep) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  Query query(
      connection.Prepare("SELECT DISTINCT ifnull(config ->> '$.replica', '') FROM sweep_trials "
                         "JOIN trial_configs ON trial_configs.trial = sweep_trials.trial WHERE sweep = ?1"));
  query.Bind(*id);
  std::vector<std::string> replicas;
  while (query.Next()) replicas.push_back(query.Text(0));
  return replicas;
}

absl::StatusOr<bool> HadSpec(DatabaseConnection& connection, const std::string& sweep, const std::string& spec) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  return Query(connection.Prepare("SELECT 1 FROM earlier_specs WHERE sweep = ?1 AND spec = ?2")).Bind(*id, spec).Next();
}

std::vector<SweepRow> ListSweeps(DatabaseConnection& connection, std::uint64_t limit, std::int64_t before,
                                 std::span<const std::string> tags) {
  Query query(connection.Prepare(
      absl::StrCat("SELECT ", kSweepColumns,
                   " FROM sweeps WHERE id < ?2 AND NOT EXISTS (SELECT 1 FROM json_each(?3) AS wanted "
                   "WHERE wanted.value NOT IN (SELECT value FROM json_each(sweeps.tags))) ORDER BY id DESC LIMIT ?1")));
  const std::int64_t behind_all = std::numeric_limits<std::int64_t>::max();
  query.Bind(Clamp(limit), before == 0 ? behind_all : before, nlohmann::json(tags).dump());
  std::vector<SweepRow> sweeps;
  while (query.Next()) sweeps.push_back(ReadSweep(query));
  return sweeps;
}

absl::StatusOr<std::map<TrialState, std::uint64_t>> CountTrials(DatabaseConnection& connection,
                                                                const std::string& sweep) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  Query query(
      connection.Prepare("SELECT state, count(*) FROM sweep_trials JOIN trials ON trials.id = trial "
                         "WHERE sweep = ?1 GROUP BY state"));
  query.Bind(*id);
  std::map<TrialState, std::uint64_t> counts;
  while (query.Next()) counts[ParseTrialState(query.Text(0)).value()] = static_cast<std::uint64_t>(query.Integer(1));
  return counts;
}

absl::Status VisitResults(DatabaseConnection& connection, const std::string& sweep,
                          const std::vector<std::string>& numbers, const std::function<void(const ResultRow&)>& visit) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  ResultColumnList columns;
  std::copy_if(AllResultColumns().begin(), AllResultColumns().end(), std::back_inserter(columns),
               [&](const ResultColumn& column) {
                 return std::find(numbers.begin(), numbers.end(), column.name) != numbers.end();
               });
  const Statement statement(
      connection.handle(),
      absl::StrCat("SELECT trials.trial_id, trials.state, trials.data_fingerprint, arms.keys, arms.label, ",
                   OriginsAndNumbers(columns), kFromTrialsOfSweep, "WHERE sweep_trials.sweep = ?1 ORDER BY position"));
  Query query(statement);
  query.Bind(*id);
  while (query.Next()) {
    ResultRow row;
    row.trial.trial_id = query.Text(0);
    row.trial.state = ParseTrialState(query.Text(1)).value();
    row.trial.data_fingerprint = query.Text(2);
    row.trial.arm = {.keys_json = query.Text(3), .label = query.Text(4)};
    ReadOriginsAndNumbers(query, 5, columns, row);
    visit(row);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ResultRow>> ListResults(DatabaseConnection& connection, const std::string& sweep,
                                                   std::span<const TrialState> states, std::uint64_t limit,
                                                   std::uint64_t position) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  Query query(connection.Prepare(PageOfResultsSql(states.size())));
  query.Bind(*id, Clamp(limit), Clamp(position));
  int parameter = 4;
  for (const TrialState state : states) query.BindOne(parameter++, Name(state));
  std::vector<ResultRow> rows;
  while (query.Next()) rows.push_back(ReadResult(query));
  return rows;
}

absl::StatusOr<std::optional<ResultRow>> FindResult(DatabaseConnection& connection, const std::string& sweep,
                                                    const std::string& trial_id) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  Query query(connection.Prepare(ResultsSql() + " AND trials.trial_id = ?2"));
  if (!query.Bind(*id, trial_id).Next()) return std::nullopt;
  return ReadResult(query);
}

absl::StatusOr<std::vector<TrialRow>> LoadTrials(DatabaseConnection& connection, const std::string& sweep) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  Query query(connection.Prepare(absl::StrCat("SELECT ", TrialColumns(/*for_scheduler=*/true),
                                              " FROM sweep_trials JOIN trials ON trials.id = sweep_trials.trial "
                                              "JOIN trial_results ON trial_results.trial = trials.id "
                                              "WHERE sweep_trials.sweep = ?1 ORDER BY position")));
  query.Bind(*id);
  std::vector<TrialRow> trials;
  while (query.Next()) trials.push_back(ReadTrial(query));
  return trials;
}

std::optional<TrialRow> FindTrial(DatabaseConnection& connection, const std::string& trial_id) {
  Query query(connection.Prepare(absl::StrCat("SELECT ", TrialColumns(/*for_scheduler=*/true),
                                              ", trial_configs.config FROM trials "
                                              "JOIN trial_configs ON trial_configs.trial = trials.id "
                                              "JOIN trial_results ON trial_results.trial = trials.id "
                                              "WHERE trials.trial_id = ?1")));
  if (!query.Bind(trial_id).Next()) return std::nullopt;
  TrialRow trial = ReadTrial(query);
  trial.config_json = query.Text(kConfigColumn);
  return trial;
}

std::vector<std::string> TrialIdsBeginningWith(DatabaseConnection& connection, const std::string& beginning,
                                               const std::string& sweep, std::uint64_t limit) {
  // 'g' is behind every hexadecimal digit.
  Query query(
      connection.Prepare("SELECT trial_id FROM trials WHERE trial_id >= ?1 AND trial_id < ?1 || 'g' AND (?2 = '' OR "
                         "EXISTS (SELECT 1 FROM sweep_trials JOIN sweeps ON sweeps.id = sweep_trials.sweep "
                         "WHERE sweep_trials.trial = trials.id AND sweeps.name = ?2)) ORDER BY trial_id LIMIT ?3"));
  query.Bind(beginning, sweep, static_cast<std::int64_t>(limit));
  std::vector<std::string> ids;
  while (query.Next()) ids.push_back(query.Text(0));
  return ids;
}

std::vector<std::pair<std::string, Arm>> ListArms(DatabaseConnection& connection, const std::string& trial_id) {
  Query query(
      connection.Prepare("SELECT sweeps.name, arms.keys, arms.label FROM trials "
                         "JOIN sweep_trials ON sweep_trials.trial = trials.id "
                         "JOIN sweeps ON sweeps.id = sweep_trials.sweep JOIN arms ON arms.id = sweep_trials.arm "
                         "WHERE trials.trial_id = ?1 ORDER BY sweeps.id"));
  query.Bind(trial_id);
  std::vector<std::pair<std::string, Arm>> arms;
  while (query.Next()) arms.emplace_back(query.Text(0), Arm{.keys_json = query.Text(1), .label = query.Text(2)});
  return arms;
}

std::vector<AttemptRow> ListAttempts(DatabaseConnection& connection, const std::string& trial_id) {
  Query query(
      connection.Prepare("SELECT attempts.generation, attempts.worker, attempts.started_at, ended_at, outcome, "
                         "attempts.failure_class, message, from_step, to_step FROM trials "
                         "JOIN trial_attempts AS attempts ON trial = trials.id "
                         "WHERE trial_id = ?1 ORDER BY attempts.generation"));
  query.Bind(trial_id);
  std::vector<AttemptRow> attempts;
  while (query.Next()) {
    AttemptRow& attempt =
        attempts.emplace_back(AttemptRow{.name = {trial_id, static_cast<std::uint64_t>(query.Integer(0))},
                                         .worker = query.Text(1),
                                         .started_at = query.Integer(2),
                                         .ended_at = query.Integer(3)});
    if (!query.IsNull(7)) attempt.from_step = query.Integer(7);
    if (!query.IsNull(8)) attempt.to_step = query.Integer(8);
    const std::optional<AttemptOutcome> outcome = ParseAttemptOutcome(query.Text(4));
    if (!outcome) continue;
    attempt.end = AttemptEnd{.outcome = *outcome,
                             .failure = ParseFailureClass(query.Text(5)).value_or(FailureClass::kNone),
                             .message = query.Text(6),
                             .step = attempt.to_step.value_or(0)};
  }
  return attempts;
}

absl::StatusOr<Fingerprints> FixedInputs(DatabaseConnection& connection, const std::string& sweep) {
  const absl::StatusOr<std::int64_t> id = SweepId(connection, sweep);
  if (!id.ok()) return id.status();
  Query query(connection.Prepare("SELECT source, path, fingerprint FROM sweep_inputs WHERE sweep = ?1"));
  query.Bind(*id);
  Fingerprints fixed;
  while (query.Next()) fixed[{query.Text(0), query.Text(1)}] = query.Text(2);
  return fixed;
}

}  // namespace ofsweep
