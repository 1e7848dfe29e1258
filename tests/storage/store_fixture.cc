#include "tests/storage/store_fixture.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/trial_config.h"

namespace ofsweep {

std::unique_ptr<Store> OpenStore(const std::string& path, std::int64_t seal_every_steps, Durability durability) {
  return Must(Store::Open({.path = path, .durability = durability, .seal_every_steps = seal_every_steps}));
}

TrialRow MakeTrial(const std::string& id, const std::string& block, const std::string& optimizer, double learning_rate,
                   int seed) {
  TrialRow trial;
  trial.trial_id = id;
  trial.config_hash = id + "-hash";
  trial.config_json =
      absl::StrCat("{\"model.block\":\"", block, "\",\"optimizer.name\":\"", optimizer,
                   "\",\"optimizer.learning_rate\":", learning_rate,
                   ",\"measure.metrics\":[\"kurtosis\",\"mmr\"],\"evaluate.int8\":true,\"seed\":", seed, "}");
  trial.arm = {.keys_json = absl::StrCat("{\"model.block\":\"", block, "\",\"optimizer.name\":\"", optimizer,
                                         "\",\"optimizer.learning_rate\":", learning_rate, "}"),
               .label = absl::StrCat("model.block=", block, " optimizer.name=", optimizer,
                                     " optimizer.learning_rate=", learning_rate)};
  trial.target_steps = 600;
  return trial;
}

TrialRow MakeNamedTrial(int seed) {
  TrialConfig config;
  config.Set("seed", std::int64_t{seed});
  ResolveAuto(config);
  TrialRow trial;
  trial.config_hash = ConfigHash(config);
  trial.trial_id = TrialId(trial.config_hash);
  trial.config_json = ToFlatJson(config).dump();
  trial.target_steps = config.Integer("train.steps");
  return trial;
}

void Train(Store& store, const AttemptName& attempt, std::int64_t steps, double value, TrialState outcome,
           const TrainedAt& at) {
  const auto started_at = static_cast<TimeMs>(1000 * attempt.generation);
  const TrialChange running{.trial_id = attempt.trial_id,
                            .state = TrialState::kRunning,
                            .generation = attempt.generation,
                            .attempts = static_cast<int>(attempt.generation),
                            .worker = at.worker,
                            .at = started_at};
  AttemptRow row{.name = attempt, .worker = at.worker, .from_step = 0, .started_at = started_at};
  absl::Status stored = store
                            .Apply({.trials = {running},
                                    .attempts = {row},
                                    .origins = {{attempt, {.data_fingerprint = at.data_fingerprint}}},
                                    .at = started_at})
                            .get();
  ASSERT_TRUE(stored.ok()) << stored;
  std::vector<StepPoints> points;
  for (std::int64_t step = 0; step < steps; step += 10) {
    points.push_back(MakeStep(step, {{{"train_loss"}, value}, {{"kurtosis", 0, "block"}, value}}));
  }
  Must(store.AppendPoints(attempt, 0, ColumnsOf(points)).get());
  if (outcome == TrialState::kRunning) return;
  TrialChange ended = running;
  ended.state = outcome;
  ended.added_wall_seconds = 5;
  ended.at = started_at + 1000;
  row.ended_at = ended.at;
  row.end = AttemptEnd{.outcome = outcome == TrialState::kCompleted  ? AttemptOutcome::kCompleted
                                  : outcome == TrialState::kDiverged ? AttemptOutcome::kDiverged
                                                                     : AttemptOutcome::kPreempted,
                       .step = steps};
  stored = store.Apply({.trials = {ended}, .attempts = {row}, .at = ended.at}).get();
  ASSERT_TRUE(stored.ok()) << stored;
}

void InsertTrials(Store& store, const std::string& sweep, std::vector<TrialRow> trials) {
  const absl::Status stored =
      store.Apply({.new_sweep = NewSweep{{.name = sweep, .submitted_at = 1}, std::move(trials)}}).get();
  ASSERT_TRUE(stored.ok()) << stored;
}

void SetState(Store& store, const std::string& trial_id, TrialState state, TimeMs at) {
  const absl::Status stored = store.Apply({.trials = {{.trial_id = trial_id, .state = state, .at = at}}}).get();
  ASSERT_TRUE(stored.ok()) << stored;
}

StepPoints MakeStep(std::int64_t step, std::vector<MetricPoint> points) {
  return {.step = step, .tokens = 100 * step, .seconds = static_cast<double>(step) / 10, .points = std::move(points)};
}

std::vector<std::string> Sql(const std::string& path, const std::string& query) {
  const SQLite::Database database(path, SQLite::OPEN_READONLY);
  SQLite::Statement statement(database, query);
  std::vector<std::string> rows;
  while (statement.executeStep()) {
    std::string row;
    for (int column = 0; column < statement.getColumnCount(); ++column) {
      if (column > 0) row += '|';
      row += statement.isColumnNull(column) ? "NULL" : statement.getColumn(column).getString();
    }
    rows.push_back(row);
  }
  return rows;
}

std::string QueryPlan(const std::string& path, const std::string& query) {
  std::string plan;
  for (const std::string& row : Sql(path, "EXPLAIN QUERY PLAN " + query)) plan += row.substr(row.rfind('|') + 1) + '\n';
  return plan;
}

}  // namespace ofsweep
