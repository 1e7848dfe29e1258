#pragma once

namespace ofsweep {

// Version 1 of the schema; storage/DESIGN.md draws it. Base tables speak in integer ids; users read the views, which
// are a contract.
inline constexpr const char* kSchemaV1 = R"sql(
CREATE TABLE sweeps (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  spec TEXT NOT NULL,
  submitted_at INTEGER NOT NULL,
  state_changed_at INTEGER NOT NULL
);

-- Times are milliseconds since 1970, 0 for never. block … seed repeat the configuration for the views.
CREATE TABLE trials (
  id INTEGER PRIMARY KEY,
  trial_id TEXT NOT NULL UNIQUE,
  config_hash TEXT NOT NULL,
  state TEXT NOT NULL,
  generation INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  target_steps INTEGER NOT NULL,
  worker TEXT NOT NULL,
  failure_class TEXT NOT NULL,
  failure_message TEXT NOT NULL,
  wall_seconds REAL NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL,
  block TEXT,
  optimizer TEXT,
  learning_rate REAL,
  seed INTEGER
);

-- Apart from trials, because it is large and seldom read.
CREATE TABLE trial_configs (
  trial INTEGER PRIMARY KEY,
  config TEXT NOT NULL
);

CREATE TABLE sweep_trials (
  sweep INTEGER NOT NULL,
  position INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  PRIMARY KEY (sweep, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX sweep_trials_by_trial ON sweep_trials (trial, sweep);

CREATE TABLE attempts (
  trial INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  worker TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  failure_class TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (trial, generation)
) WITHOUT ROWID;

-- layer -1 and site '' stand for none, because NULLs would be distinct to UNIQUE.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  metric TEXT NOT NULL,
  layer INTEGER NOT NULL,
  site TEXT NOT NULL,
  UNIQUE (metric, layer, site)
);

-- A point lies in sealed_points when its step is at most the trial's sealed_through, else in recent_points. A NULL value is
-- a NaN.
CREATE TABLE recent_points (
  trial INTEGER NOT NULL,
  step INTEGER NOT NULL,
  series INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (trial, step, series)
) WITHOUT ROWID;
CREATE TABLE sealed_points (
  trial INTEGER NOT NULL,
  series INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (trial, series, step)
) WITHOUT ROWID;

-- What the points of a trial come to so far. X_step is the step of X, -1 while there is none, so that a NULL X with a step
-- is a NaN.
CREATE TABLE trial_results (
  trial INTEGER PRIMARY KEY,
  sealed_through INTEGER NOT NULL,
  recent_steps INTEGER NOT NULL,
  step INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  train_loss_step INTEGER NOT NULL,
  train_loss REAL,
  eval_loss_step INTEGER NOT NULL,
  eval_loss REAL,
  eval_perplexity_step INTEGER NOT NULL,
  eval_perplexity REAL,
  int8_perplexity_step INTEGER NOT NULL,
  int8_perplexity REAL,
  kurtosis_step INTEGER NOT NULL,
  kurtosis_blocks INTEGER NOT NULL,
  kurtosis_sum REAL,
  kurtosis_max REAL,
  kurtosis_peak REAL,
  mmr_step INTEGER NOT NULL,
  mmr_max REAL
);

CREATE VIEW results AS
SELECT
  sweeps.name AS sweep,
  trials.trial_id,
  trials.config_hash,
  trials.state,
  trials.block,
  trials.optimizer,
  trials.learning_rate,
  trials.seed,
  trials.attempts,
  ifnull(trial_results.step, 0) AS steps,
  ifnull(trial_results.tokens, 0) AS tokens,
  trial_results.train_loss,
  trial_results.eval_loss,
  trial_results.eval_perplexity,
  trial_results.int8_perplexity,
  trial_results.kurtosis_sum / trial_results.kurtosis_blocks AS kurtosis_mean,
  trial_results.kurtosis_max,
  trial_results.kurtosis_peak,
  trial_results.mmr_max,
  trials.wall_seconds,
  nullif(trials.worker, '') AS worker,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trials.started_at, 0) / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trials.finished_at, 0) / 1000.0, 'unixepoch') AS finished_at,
  nullif(trials.failure_class, '') AS failure_class,
  nullif(trials.failure_message, '') AS failure_message
FROM sweeps
  JOIN sweep_trials ON sweep_trials.sweep = sweeps.id
  JOIN trials ON trials.id = sweep_trials.trial
  LEFT JOIN trial_results ON trial_results.trial = trials.id;

CREATE VIEW params AS
SELECT trials.trial_id, entry.key, entry.value
FROM trials
  JOIN trial_configs ON trial_configs.trial = trials.id
  JOIN json_each(trial_configs.config) AS entry;

-- CROSS JOIN fixes the order of the loops: without statistics the planner cannot know that a trial has few series and many
-- steps.
CREATE VIEW curves AS
SELECT
  trials.trial_id,
  sealed_points.step,
  series.metric,
  nullif(series.layer, -1) AS layer,
  nullif(series.site, '') AS site,
  sealed_points.value
FROM trials
  CROSS JOIN series
  CROSS JOIN sealed_points ON sealed_points.trial = trials.id AND sealed_points.series = series.id
UNION ALL
SELECT
  trials.trial_id,
  recent_points.step,
  series.metric,
  nullif(series.layer, -1),
  nullif(series.site, ''),
  recent_points.value
FROM trials
  CROSS JOIN recent_points ON recent_points.trial = trials.id
  CROSS JOIN series ON series.id = recent_points.series;

-- Trials that have an outcome to compare. A NaN among them makes mean and std NULL; std is the sample standard deviation.
-- Windows rather than GROUP BY, because SQLite pushes a condition on the sweep through windows only.
CREATE VIEW ablation AS
WITH
  means AS (
    SELECT
      sweeps.name AS sweep,
      trials.block,
      trials.optimizer,
      trials.learning_rate,
      row_number() OVER cell AS row_of_cell,
      count(*) OVER cell AS n,
      trial_results.eval_loss,
      avg(trial_results.eval_loss) OVER cell AS eval_loss_mean,
      max(trial_results.eval_loss_step >= 0 AND trial_results.eval_loss IS NULL) OVER cell AS eval_loss_nan,
      trial_results.kurtosis_max,
      avg(trial_results.kurtosis_max) OVER cell AS kurtosis_max_mean,
      max(trial_results.kurtosis_step >= 0 AND trial_results.kurtosis_max IS NULL) OVER cell AS kurtosis_max_nan,
      trial_results.int8_perplexity,
      avg(trial_results.int8_perplexity) OVER cell AS int8_perplexity_mean,
      max(trial_results.int8_perplexity_step >= 0 AND trial_results.int8_perplexity IS NULL) OVER cell
        AS int8_perplexity_nan
    FROM sweeps
      JOIN sweep_trials ON sweep_trials.sweep = sweeps.id
      JOIN trials ON trials.id = sweep_trials.trial
      LEFT JOIN trial_results ON trial_results.trial = trials.id
    WHERE trials.state IN ('completed', 'diverged')
    WINDOW cell AS (PARTITION BY sweeps.name, trials.block, trials.optimizer, trials.learning_rate)
  ),
  spreads AS (
    SELECT
      *,
      sum((eval_loss - eval_loss_mean) * (eval_loss - eval_loss_mean)) OVER cell
        / nullif(count(eval_loss) OVER cell - 1, 0) AS eval_loss_variance,
      sum((kurtosis_max - kurtosis_max_mean) * (kurtosis_max - kurtosis_max_mean)) OVER cell
        / nullif(count(kurtosis_max) OVER cell - 1, 0) AS kurtosis_max_variance,
      sum((int8_perplexity - int8_perplexity_mean) * (int8_perplexity - int8_perplexity_mean)) OVER cell
        / nullif(count(int8_perplexity) OVER cell - 1, 0) AS int8_perplexity_variance
    FROM means
    WINDOW cell AS (PARTITION BY sweep, block, optimizer, learning_rate)
  )
SELECT
  sweep,
  block,
  optimizer,
  learning_rate,
  n,
  CASE WHEN ifnull(eval_loss_nan, 0) = 0 THEN eval_loss_mean END AS eval_loss_mean,
  CASE WHEN ifnull(eval_loss_nan, 0) = 0 THEN sqrt(eval_loss_variance) END AS eval_loss_std,
  CASE WHEN ifnull(kurtosis_max_nan, 0) = 0 THEN kurtosis_max_mean END AS kurtosis_max_mean,
  CASE WHEN ifnull(kurtosis_max_nan, 0) = 0 THEN sqrt(kurtosis_max_variance) END AS kurtosis_max_std,
  CASE WHEN ifnull(int8_perplexity_nan, 0) = 0 THEN int8_perplexity_mean END AS int8_perplexity_mean,
  CASE WHEN ifnull(int8_perplexity_nan, 0) = 0 THEN sqrt(int8_perplexity_variance) END AS int8_perplexity_std
FROM spreads
WHERE row_of_cell = 1;
)sql";

}  // namespace ofsweep
