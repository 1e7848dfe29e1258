#pragma once

namespace ofsweep {

// Version 3: which database this is, where the attempts of a trial began and ended, the arms of a sweep, and the
// columns of `results` as they are shown.
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
)sql";

}  // namespace ofsweep
