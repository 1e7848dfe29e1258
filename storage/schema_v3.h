#pragma once

namespace ofsweep {

// Version 3: which database this is, where the attempts of a trial began and ended, the arms of a sweep, and the
// columns of `results` as they are shown. DuckDB, which reads a view's text by itself, finds all but `attempts` typed.
inline constexpr const char* kSchemaV3 = R"sql(
-- One row. Copies of a database share its id.
CREATE TABLE database (id TEXT NOT NULL);
INSERT INTO database (id) VALUES (lower(hex(randomblob(16))));

-- from_step: updates of the checkpoint that the attempt began with; NULL before its trainer said so.
-- to_step: updates that it had done when it ended; NULL while it runs, and of one that was lost.
ALTER TABLE attempts RENAME TO trial_attempts;
ALTER TABLE trial_attempts ADD COLUMN from_step INTEGER;
ALTER TABLE trial_attempts ADD COLUMN to_step INTEGER;

-- config is what was submitted, and never changes (earlier versions wrote over its auto keys). resolved: what an attempt's trainer
-- made of them, flat JSON; here of the newest attempt that has begun.
ALTER TABLE trial_attempts ADD COLUMN resolved TEXT NOT NULL DEFAULT '{}';
ALTER TABLE trial_configs ADD COLUMN resolved TEXT NOT NULL DEFAULT '{}';
-- So that the next machine of an unfinished trial decides again, where no sweep of the trial names the key.
UPDATE trial_configs SET config = json_replace(config,
  '$."train.device"', CASE instr(spec, 'device') WHEN 0 THEN 'auto' ELSE config ->> '$."train.device"' END,
  '$."train.precision"', CASE instr(spec, 'precision') WHEN 0 THEN 'auto' ELSE config ->> '$."train.precision"' END,
  '$."train.threads"', CASE instr(spec, 'threads') WHEN 0 THEN 'auto' ELSE config ->> '$."train.threads"' END,
  '$."train.micro_batch_size"', CASE instr(spec, 'micro_batch_size') WHEN 0 THEN 'auto' ELSE config ->> '$."train.micro_batch_size"' END,
  '$."evaluate.batches"', CASE instr(spec, 'batches') WHEN 0 THEN 'auto' ELSE config ->> '$."evaluate.batches"' END
)
FROM (
  SELECT trials.id AS unfinished, group_concat(sweeps.spec) AS spec
  FROM trials
    JOIN sweep_trials ON sweep_trials.trial = trials.id
    JOIN sweeps ON sweeps.id = sweep_trials.sweep
  WHERE trials.state NOT IN ('completed', 'diverged')
  GROUP BY trials.id
)
WHERE trial = unfinished;

DROP VIEW results;
DROP VIEW params;
DROP VIEW curves;
DROP VIEW ablation;

-- As the view `results` shows them, so that every client sees a column's type there: NULL for no worker, failure or time. The
-- times in milliseconds are the program's, 0 for never.
CREATE TABLE typed_trials (
  id INTEGER PRIMARY KEY,
  trial_id TEXT NOT NULL UNIQUE,
  config_hash TEXT NOT NULL,
  state TEXT NOT NULL,
  generation INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  target_steps INTEGER NOT NULL,
  worker TEXT,
  failure_class TEXT,
  failure_message TEXT,
  wall_seconds REAL NOT NULL,
  started_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  block TEXT,
  optimizer TEXT,
  learning_rate REAL,
  seed INTEGER
);
INSERT INTO typed_trials
SELECT
  id, trial_id, config_hash, state, generation, attempts, failures, target_steps,
  nullif(worker, ''), nullif(failure_class, ''), nullif(failure_message, ''), wall_seconds, started_at, finished_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(started_at, 0) / 1000.0, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(finished_at, 0) / 1000.0, 'unixepoch'),
  block, optimizer, learning_rate, seed
FROM trials;
DROP TABLE trials;
ALTER TABLE typed_trials RENAME TO trials;

-- A row for every trial. steps: 0 where step is -1. curve_generation: of the attempt that the newest points are of; earlier
-- ones left none behind the step where it began.
CREATE TABLE typed_results (
  trial INTEGER PRIMARY KEY,
  curve_generation INTEGER NOT NULL DEFAULT 0,
  sealed_through INTEGER NOT NULL DEFAULT -1,
  recent_steps INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL DEFAULT -1,
  steps INTEGER NOT NULL DEFAULT 0,
  tokens INTEGER NOT NULL DEFAULT 0,
  train_loss_step INTEGER NOT NULL DEFAULT -1,
  train_loss REAL,
  eval_loss_step INTEGER NOT NULL DEFAULT -1,
  eval_loss REAL,
  eval_perplexity_step INTEGER NOT NULL DEFAULT -1,
  eval_perplexity REAL,
  int8_perplexity_step INTEGER NOT NULL DEFAULT -1,
  int8_perplexity REAL,
  w8a5_perplexity_step INTEGER NOT NULL DEFAULT -1,
  w8a5_perplexity REAL,
  w8a4_perplexity_step INTEGER NOT NULL DEFAULT -1,
  w8a4_perplexity REAL,
  w4a4_perplexity_step INTEGER NOT NULL DEFAULT -1,
  w4a4_perplexity REAL,
  kurtosis_step INTEGER NOT NULL DEFAULT -1,
  kurtosis_blocks INTEGER NOT NULL DEFAULT 0,
  kurtosis_sum REAL,
  kurtosis_mean REAL,
  kurtosis_max REAL,
  kurtosis_peak REAL,
  mmr_step INTEGER NOT NULL DEFAULT -1,
  mmr_max REAL
);
INSERT INTO typed_results (
  trial, sealed_through, recent_steps, step, tokens, train_loss_step, train_loss, eval_loss_step, eval_loss,
  eval_perplexity_step, eval_perplexity, int8_perplexity_step, int8_perplexity, w8a5_perplexity_step,
  w8a5_perplexity, w8a4_perplexity_step, w8a4_perplexity, w4a4_perplexity_step, w4a4_perplexity, kurtosis_step,
  kurtosis_blocks, kurtosis_sum, kurtosis_max, kurtosis_peak, mmr_step, mmr_max, steps, kurtosis_mean
)
SELECT
  trial, sealed_through, recent_steps, step, tokens, train_loss_step, train_loss, eval_loss_step, eval_loss,
  eval_perplexity_step, eval_perplexity, int8_perplexity_step, int8_perplexity, w8a5_perplexity_step,
  w8a5_perplexity, w8a4_perplexity_step, w8a4_perplexity, w4a4_perplexity_step, w4a4_perplexity, kurtosis_step,
  kurtosis_blocks, kurtosis_sum, kurtosis_max, kurtosis_peak, mmr_step, mmr_max, max(step, 0),
  kurtosis_sum / kurtosis_blocks
FROM trial_results;
DROP TABLE trial_results;
ALTER TABLE typed_results RENAME TO trial_results;
INSERT INTO trial_results (trial) SELECT id FROM trials WHERE id NOT IN (SELECT trial FROM trial_results);

-- What the trials of an arm have in common and no other trial of the sweep: the keys that the sweep varies, but the seed.
-- keys: flat JSON, as submitted. label: "model.block=op optimizer.name=adam".
CREATE TABLE arms (
  id INTEGER PRIMARY KEY,
  sweep INTEGER NOT NULL,
  keys TEXT NOT NULL,
  label TEXT NOT NULL,
  UNIQUE (sweep, keys)
);
ALTER TABLE sweep_trials ADD COLUMN arm INTEGER NOT NULL DEFAULT 0;

-- Earlier versions did not store what a sweep varies: keys that differ among its trials and that its specification names. A
-- key that follows from others, or that each machine decides for itself, is not named there.
CREATE TABLE arm_of_trial AS
WITH entries AS (
  SELECT
    sweep_trials.sweep,
    sweep_trials.trial,
    entry.key,
    entry.value,
    trial_configs.config -> entry.fullkey AS json,
    CASE entry.type WHEN 'text' THEN entry.value ELSE trial_configs.config -> entry.fullkey END AS text
  FROM sweeps
    JOIN sweep_trials ON sweep_trials.sweep = sweeps.id
    JOIN trial_configs ON trial_configs.trial = sweep_trials.trial
    JOIN json_each(trial_configs.config) AS entry
  WHERE entry.key <> 'seed' AND instr(sweeps.spec, substr(entry.key, instr(entry.key, '.') + 1)) > 0
)
SELECT
  sweep,
  trial,
  json_group_object(key, json(json)) AS keys,
  group_concat(key || '=' || text, ' ') AS label
FROM (
  SELECT * FROM entries
  WHERE (sweep, key) IN (SELECT sweep, key FROM entries GROUP BY sweep, key HAVING count(DISTINCT value) > 1)
  ORDER BY sweep, trial, key
)
GROUP BY sweep, trial;
INSERT INTO arms (sweep, keys, label)
SELECT DISTINCT sweep_trials.sweep, ifnull(keys, '{}'), ifnull(label, '')
FROM sweep_trials LEFT JOIN arm_of_trial USING (sweep, trial);
CREATE UNIQUE INDEX arm_of_trial_by_trial ON arm_of_trial (sweep, trial);
UPDATE sweep_trials SET arm = (
  SELECT arms.id FROM arms
  WHERE arms.sweep = sweep_trials.sweep AND arms.keys = ifnull(
    (SELECT keys FROM arm_of_trial AS found WHERE found.sweep = sweep_trials.sweep AND found.trial = sweep_trials.trial),
    '{}'));
DROP TABLE arm_of_trial;

CREATE VIEW results AS
SELECT
  sweeps.name AS sweep,
  arms.label AS arm,
  trials.trial_id,
  trials.config_hash,
  trials.state,
  trials.block,
  trials.optimizer,
  trials.learning_rate,
  trials.seed,
  trials.attempts,
  trial_results.steps,
  trial_results.tokens,
  trial_results.train_loss,
  trial_results.eval_loss,
  trial_results.eval_perplexity,
  trial_results.int8_perplexity,
  trial_results.w8a5_perplexity,
  trial_results.w8a4_perplexity,
  trial_results.w4a4_perplexity,
  trial_results.kurtosis_mean,
  trial_results.kurtosis_max,
  trial_results.kurtosis_peak,
  trial_results.mmr_max,
  trials.wall_seconds,
  trials.worker,
  trials.started_at,
  trials.finished_at,
  trials.failure_class,
  trials.failure_message
FROM sweeps
  JOIN sweep_trials ON sweep_trials.sweep = sweeps.id
  JOIN arms ON arms.id = sweep_trials.arm
  JOIN trials ON trials.id = sweep_trials.trial
  JOIN trial_results ON trial_results.trial = trials.id;

CREATE VIEW attempts AS
SELECT
  trials.trial_id,
  trial_attempts.generation,
  nullif(trial_attempts.worker, '') AS worker,
  trial_attempts.from_step,
  trial_attempts.to_step,
  ifnull(nullif(trial_attempts.outcome, ''), 'running') AS outcome,
  nullif(trial_attempts.failure_class, '') AS failure_class,
  nullif(trial_attempts.message, '') AS message,
  trial_attempts.resolved,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trial_attempts.started_at, 0) / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trial_attempts.ended_at, 0) / 1000.0, 'unixepoch') AS ended_at
FROM trial_attempts
  JOIN trials ON trials.id = trial_attempts.trial;

CREATE VIEW params AS
SELECT trials.trial_id, entry.key, entry.value
FROM trials
  JOIN trial_configs ON trial_configs.trial = trials.id
  CROSS JOIN json_each(json_patch(trial_configs.config, trial_configs.resolved)) AS entry;

-- CROSS JOIN fixes the order of the loops: without statistics the planner cannot know that a trial has few series and many
-- steps. WHERE rather than ON, because DuckDB knows no CROSS JOIN with ON.
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
  CROSS JOIN sealed_points
WHERE sealed_points.trial = trials.id AND sealed_points.series = series.id
UNION ALL
SELECT
  trials.trial_id,
  recent_points.step,
  series.metric,
  nullif(series.layer, -1),
  nullif(series.site, ''),
  recent_points.value
FROM trials
  CROSS JOIN recent_points
  CROSS JOIN series
WHERE recent_points.trial = trials.id AND series.id = recent_points.series;

-- One row an arm. Of its trials n have an outcome, completed or diverged, and count; failed ones and those without an outcome
-- (missing) do not. NAME_n of the n have a NAME. A NaN among these makes mean and std NULL; std is the sample standard
-- deviation, NULL too where the mean is infinite.
-- Windows rather than GROUP BY, because SQLite pushes a condition on the sweep through windows only.
CREATE VIEW ablation AS
WITH
  members AS (
    SELECT
      sweeps.name AS sweep,
      arms.id AS arm_id,
      arms.label AS arm,
      arms.keys AS arm_keys,
      trials.block,
      trials.optimizer,
      trials.learning_rate,
      trials.state,
      CASE WHEN trials.state IN ('completed', 'diverged') THEN trial_results.eval_loss END AS eval_loss,
      CASE WHEN trials.state IN ('completed', 'diverged') AND trial_results.eval_loss_step >= 0 THEN 1 END AS has_eval_loss,
      CASE WHEN trials.state IN ('completed', 'diverged') THEN trial_results.kurtosis_max END AS kurtosis_max,
      CASE WHEN trials.state IN ('completed', 'diverged') AND trial_results.kurtosis_step >= 0 THEN 1 END AS has_kurtosis_max,
      CASE WHEN trials.state IN ('completed', 'diverged') THEN trial_results.int8_perplexity END AS int8_perplexity,
      CASE WHEN trials.state IN ('completed', 'diverged') AND trial_results.int8_perplexity_step >= 0 THEN 1 END AS has_int8_perplexity,
      CASE WHEN trials.state IN ('completed', 'diverged') THEN trial_results.w8a4_perplexity END AS w8a4_perplexity,
      CASE WHEN trials.state IN ('completed', 'diverged') AND trial_results.w8a4_perplexity_step >= 0 THEN 1 END AS has_w8a4_perplexity
    FROM sweeps
      JOIN sweep_trials ON sweep_trials.sweep = sweeps.id
      JOIN arms ON arms.id = sweep_trials.arm
      JOIN trials ON trials.id = sweep_trials.trial
      JOIN trial_results ON trial_results.trial = trials.id
  ),
  means AS (
    SELECT
      *,
      row_number() OVER arm_trials AS row_of_arm,
      count(*) FILTER (WHERE state IN ('completed', 'diverged')) OVER arm_trials AS n,
      count(*) FILTER (WHERE state = 'diverged') OVER arm_trials AS diverged,
      count(*) FILTER (WHERE state = 'failed') OVER arm_trials AS failed,
      count(*) FILTER (WHERE state NOT IN ('completed', 'diverged', 'failed')) OVER arm_trials AS missing,
      count(has_eval_loss) OVER arm_trials AS eval_loss_n,
      CASE WHEN count(eval_loss) OVER arm_trials = count(has_eval_loss) OVER arm_trials THEN avg(eval_loss) OVER arm_trials END AS eval_loss_mean,
      count(has_kurtosis_max) OVER arm_trials AS kurtosis_max_n,
      CASE WHEN count(kurtosis_max) OVER arm_trials = count(has_kurtosis_max) OVER arm_trials THEN avg(kurtosis_max) OVER arm_trials END AS kurtosis_max_mean,
      count(has_int8_perplexity) OVER arm_trials AS int8_perplexity_n,
      CASE WHEN count(int8_perplexity) OVER arm_trials = count(has_int8_perplexity) OVER arm_trials THEN avg(int8_perplexity) OVER arm_trials END AS int8_perplexity_mean,
      count(has_w8a4_perplexity) OVER arm_trials AS w8a4_perplexity_n,
      CASE WHEN count(w8a4_perplexity) OVER arm_trials = count(has_w8a4_perplexity) OVER arm_trials THEN avg(w8a4_perplexity) OVER arm_trials END AS w8a4_perplexity_mean
    FROM members
    WINDOW arm_trials AS (PARTITION BY sweep, arm_id)
  ),
  spreads AS (
    SELECT
      *,
      sum((eval_loss - eval_loss_mean) * (eval_loss - eval_loss_mean)) OVER arm_trials / nullif(eval_loss_n - 1, 0) AS eval_loss_variance,
      sum((kurtosis_max - kurtosis_max_mean) * (kurtosis_max - kurtosis_max_mean)) OVER arm_trials / nullif(kurtosis_max_n - 1, 0) AS kurtosis_max_variance,
      sum((int8_perplexity - int8_perplexity_mean) * (int8_perplexity - int8_perplexity_mean)) OVER arm_trials / nullif(int8_perplexity_n - 1, 0) AS int8_perplexity_variance,
      sum((w8a4_perplexity - w8a4_perplexity_mean) * (w8a4_perplexity - w8a4_perplexity_mean)) OVER arm_trials / nullif(w8a4_perplexity_n - 1, 0) AS w8a4_perplexity_variance
    FROM means
    WINDOW arm_trials AS (PARTITION BY sweep, arm_id)
  )
SELECT
  sweep,
  arm,
  arm_keys,
  block,
  optimizer,
  learning_rate,
  n,
  diverged,
  failed,
  missing,
  eval_loss_n,
  eval_loss_mean,
  CASE WHEN abs(eval_loss_mean) <= 1.7976931348623157e308 THEN sqrt(eval_loss_variance) END AS eval_loss_std,
  kurtosis_max_n,
  kurtosis_max_mean,
  CASE WHEN abs(kurtosis_max_mean) <= 1.7976931348623157e308 THEN sqrt(kurtosis_max_variance) END AS kurtosis_max_std,
  int8_perplexity_n,
  int8_perplexity_mean,
  CASE WHEN abs(int8_perplexity_mean) <= 1.7976931348623157e308 THEN sqrt(int8_perplexity_variance) END AS int8_perplexity_std,
  w8a4_perplexity_n,
  w8a4_perplexity_mean,
  CASE WHEN abs(w8a4_perplexity_mean) <= 1.7976931348623157e308 THEN sqrt(w8a4_perplexity_variance) END AS w8a4_perplexity_std
FROM spreads
WHERE row_of_arm = 1;
)sql";

}  // namespace ofsweep
