#pragma once

namespace ofsweep {

// What users read: a contract (docs/sql.md). Views hold nothing, so that they are made anew when the tables have
// changed. DuckDB, which reads a view's text by itself, finds the columns of all but `attempts` typed.
// Lines that begin with --: are docs/views.md, which docs/generate/views.py writes.
inline constexpr const char* kViews = R"sql(
--: results: a trial of a sweep
--:   sweep TEXT: name of the sweep
--:   arm TEXT: every key that the sweep varies but the seed, as a label: `model.block=op optimizer.name=adam`
--:   trial_id TEXT: what a trial is called in all views; the same in every sweep that holds it
--:   config_hash TEXT: of its configuration
--:   state TEXT: `pending`, `running`, `completed`, `diverged`, `failed`, `cancelled` or `pruned`
--:   block TEXT: `model.block`
--:   optimizer TEXT: `optimizer.name`
--:   learning_rate REAL: `optimizer.learning_rate`
--:   seed INTEGER: `seed`
--:   attempts INTEGER: attempts so far
--:   steps INTEGER: updates done, at its newest points
--:   tokens INTEGER: tokens trained on, then
--:   train_loss REAL: newest training loss, nats a token
--:   eval_loss REAL: newest validation loss, nats a token
--:   eval_perplexity REAL: e to eval_loss
--:   int8_perplexity REAL: validation perplexity with weights and activations in 8 bits
--:   w8a5_perplexity REAL: with weights in 8 bits and activations in 5
--:   w8a4_perplexity REAL: with weights in 8 bits and activations in 4
--:   w4a4_perplexity REAL: with both in 4 bits
--:   kurtosis_mean REAL: kurtosis at the last measured step, mean over the blocks
--:   kurtosis_max REAL: the same of the largest block
--:   kurtosis_peak REAL: largest kurtosis over blocks and steps
--:   mmr_max REAL: max over median at the last measured step, of the largest block
--:   wall_seconds REAL: time of all attempts, with start-up, data preparation and evaluation
--:   worker TEXT: who runs it, or ran it to its end; NULL while nobody does
--:   started_at TEXT: when its first attempt started, UTC
--:   finished_at TEXT: when it reached its final state, UTC
--:   failure_class TEXT: `oom`, `crash`, `bad_config`, `bad_data`, `timeout` or `other_data`; NULL where a later attempt went well
--:   failure_message TEXT: what went wrong, in words
--:   outcome_reason TEXT: why a trial has diverged
--:   diverged_step INTEGER: the step whose numbers show it
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
  trials.failure_message,
  trials.outcome_reason,
  trials.diverged_step
FROM sweeps
  JOIN sweep_trials ON sweep_trials.sweep = sweeps.id
  JOIN arms ON arms.id = sweep_trials.arm
  JOIN trials ON trials.id = sweep_trials.trial
  JOIN trial_results ON trial_results.trial = trials.id;

--: attempts: an attempt of a trial
--:   trial_id TEXT: of `results`
--:   generation INTEGER: its number: a later attempt of the trial has a larger one
--:   worker TEXT: who ran it
--:   from_step INTEGER: updates of the checkpoint that it continued from
--:   to_step INTEGER: updates done when it ended
--:   outcome TEXT: `running`, `completed`, `diverged`, `failed`, `cancelled`, `preempted` or `lost`
--:   failure_class TEXT: as in `results`
--:   message TEXT: why it failed
--:   host TEXT: machine of the worker
--:   device TEXT: the device's model
--:   revision TEXT: of the trainer
--:   resolved TEXT: what it made of keys that were `auto`, JSON
--:   left_out TEXT: files of the corpus that it did not train on, by reason, JSON
--:   started_at TEXT: UTC
--:   ended_at TEXT: UTC; NULL while it runs
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
  trial_attempts.host,
  trial_attempts.device,
  trial_attempts.revision,
  trial_attempts.resolved,
  trial_attempts.left_out,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trial_attempts.started_at, 0) / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trial_attempts.ended_at, 0) / 1000.0, 'unixepoch') AS ended_at
FROM trial_attempts
  JOIN trials ON trials.id = trial_attempts.trial;

--: params: a key of a trial; one that is no part of what it is (`train.threads`) as the sweep has it that it is trained for
--:   trial_id TEXT: of `results`
--:   key TEXT: every trial key: `optimizer.beta2`
--:   value –: its value, `auto` as the newest attempt resolved it; text, a number, or JSON where it is a list
CREATE VIEW params AS
SELECT trials.trial_id, entry.key, entry.value
FROM trials
  JOIN trial_configs ON trial_configs.trial = trials.id
  LEFT JOIN trial_attempts ON trial_attempts.trial = trials.id AND trial_attempts.generation = trials.begun_generation
  CROSS JOIN json_each(json_patch(trial_configs.config, ifnull(trial_attempts.resolved, '{}'))) AS entry;

-- What made a trial's numbers: a row for each attempt, in each sweep that holds the trial. What is not known is NULL: before it
-- has begun, and of earlier versions.
--: provenance: an attempt, in a sweep that holds its trial; what is not known is NULL
--:   sweep TEXT: name of the sweep
--:   trial_id TEXT: of `results`
--:   generation INTEGER: of `attempts`
--:   file TEXT: the file that was submitted last
--:   spec_sha256 TEXT: SHA-256 of what was submitted last (`specs` has what came before)
--:   coordinator_revision TEXT: of the coordinator that took it
--:   trainer_revision TEXT: of the trainer
--:   worker TEXT: who ran it
--:   host TEXT: machine of the worker
--:   device TEXT: the device's model
--:   precision TEXT: `train.precision`, resolved
--:   threads –: `train.threads`, resolved
--:   data_fingerprint TEXT: of data, validation data and initial weights, as far as it has them, with + between
CREATE VIEW provenance AS
SELECT
  sweeps.name AS sweep,
  trials.trial_id,
  trial_attempts.generation,
  sweeps.file,
  sweeps.spec_sha256,
  sweeps.revision AS coordinator_revision,
  trial_attempts.revision AS trainer_revision,
  trial_attempts.worker,
  trial_attempts.host,
  trial_attempts.device,
  nullif(coalesce(trial_attempts.resolved ->> '$."train.precision"', trial_configs.config ->> '$."train.precision"'), 'auto') AS precision,
  nullif(coalesce(trial_attempts.resolved ->> '$."train.threads"', trial_configs.config ->> '$."train.threads"'), 'auto') AS threads,
  trial_attempts.data_fingerprint
FROM trial_attempts
  JOIN trials ON trials.id = trial_attempts.trial
  JOIN trial_configs ON trial_configs.trial = trials.id
  JOIN sweep_trials ON sweep_trials.trial = trials.id
  JOIN sweeps ON sweeps.id = sweep_trials.sweep;

--: sweep_attributes: a sweep, and what its file says of it beside its trials
--:   sweep TEXT: its name
--:   description TEXT: as written; empty where there is none
--:   tags TEXT: a JSON list, for json_each
--:   priority INTEGER: trials of sweeps with a higher one begin first
--:   keep_checkpoints TEXT: none, last or all
--:   owner TEXT: the caller who submitted it; empty where callers had no names
CREATE VIEW sweep_attributes AS
SELECT name AS sweep, description, tags, priority, keep_checkpoints, owner FROM sweeps;

--: audit: a call that changed something or was to, oldest first
--:   at TEXT: UTC
--:   caller TEXT: the name of its token or certificate; local: whoever can read the coordinator's data folder
--:   role TEXT: what the caller might do then
--:   peer TEXT: the address it came from; empty: from the coordinator's own process
--:   action TEXT: the RPC
--:   subject TEXT: the sweep or the name that it was about
--:   outcome TEXT: ok or the error; NULL while it is on its way, and where the coordinator was killed meanwhile
CREATE VIEW audit AS
SELECT
  strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at,
  caller,
  role,
  peer,
  action,
  subject,
  outcome
FROM audit_log
ORDER BY id;

--: specs: a text that a sweep was submitted or updated with, oldest first
--:   sweep TEXT: name of the sweep
--:   number INTEGER: from 1
--:   submitted_at TEXT: UTC
--:   file TEXT: the file that it was
--:   spec_sha256 TEXT: its SHA-256
--:   coordinator_revision TEXT: of the coordinator that took it
--:   spec TEXT: the text
CREATE VIEW specs AS
SELECT
  sweeps.name AS sweep,
  texts.number,
  strftime('%Y-%m-%dT%H:%M:%fZ', texts.submitted_at / 1000.0, 'unixepoch') AS submitted_at,
  texts.file,
  texts.spec_sha256,
  texts.revision AS coordinator_revision,
  texts.spec
FROM sweeps
  JOIN (
    SELECT sweep, number, submitted_at, spec, file, spec_sha256, revision FROM earlier_specs
    UNION ALL
    SELECT
      id,
      1 + (SELECT count(*) FROM earlier_specs WHERE earlier_specs.sweep = sweeps.id),
      max(submitted_at, updated_at),
      spec,
      file,
      spec_sha256,
      revision
    FROM sweeps
  ) AS texts ON texts.sweep = sweeps.id
ORDER BY sweeps.name, texts.number;

-- CROSS JOIN fixes the order of the loops: without statistics the planner cannot know that a trial has few series and many
-- steps. WHERE rather than ON, because DuckDB knows no CROSS JOIN with ON.
--: curves: a point; name a trial, for all points of all trials are many
--:   trial_id TEXT: of `results`
--:   step INTEGER: updates done
--:   metric TEXT: its name in [trial-metrics.md](trial-metrics.md)
--:   layer INTEGER: from 0; NULL where the site is in no layer
--:   site TEXT: `block`, `embedding`, …; NULL for a metric of the whole model
--:   value REAL: NULL is NaN; ±Infinity are stored as they are
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

-- What each of a trial's curves came to: its newest value, and its largest one with the first step that has it; a NaN is the
-- largest only where there is nothing else. Made of the points themselves: name a trial or a metric. One window, because each
-- different one sorts all points again.
--: metrics: what a curve came to, in two ways; made of all points: name a trial or a metric
--:   trial_id TEXT: of `results`
--:   metric TEXT: as in `curves`
--:   site TEXT: as in `curves`
--:   layer INTEGER: as in `curves`
--:   aggregate TEXT: `last`: the newest value; `max`: the largest, a NaN only where there is nothing else
--:   step INTEGER: the step of that value, of equal ones the first
--:   value REAL: as in `curves`
CREATE VIEW metrics AS
WITH
  ranked AS (
    SELECT *, max(step) OVER curve AS last_step, first_value(step) OVER curve AS peak_step
    FROM curves
    WINDOW curve AS (
      PARTITION BY trial_id, metric, site, layer
      ORDER BY value IS NULL, value DESC, step
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
  )
SELECT trial_id, metric, site, layer, aggregate, step, value
FROM ranked
  JOIN (SELECT 'last' AS aggregate UNION ALL SELECT 'max') AS aggregates
  ON step = CASE aggregate WHEN 'last' THEN last_step ELSE peak_step END;

-- One row an arm. Of its trials n have an outcome, completed or diverged, and count; failed ones and those without an outcome
-- (missing) do not. NAME_n of the n have a NAME. A NaN among these makes mean and std NULL; std is the sample standard
-- deviation, NULL too where the mean is infinite.
-- Windows rather than GROUP BY, because SQLite pushes a condition on the sweep through windows only.
--: ablation: an arm of a sweep
--:   sweep TEXT: name of the sweep
--:   arm TEXT: as in `results`
--:   arm_keys TEXT: the same as a JSON object
--:   block TEXT: `model.block`
--:   optimizer TEXT: `optimizer.name`
--:   learning_rate REAL: `optimizer.learning_rate`
--:   n INTEGER: trials with an outcome, completed or diverged: those that count
--:   diverged INTEGER: how many of them diverged; they count with their last values
--:   failed INTEGER: trials that failed
--:   missing INTEGER: trials without an outcome: pending, running, cancelled, pruned
--:   eval_loss_n INTEGER: how many of the n have a `eval_loss`
--:   eval_loss_mean REAL: their mean; NULL where one is NaN
--:   eval_loss_std REAL: their sample standard deviation; NULL for fewer than two
--:   kurtosis_max_n INTEGER: how many of the n have a `kurtosis_max`
--:   kurtosis_max_mean REAL: their mean; NULL where one is NaN
--:   kurtosis_max_std REAL: their sample standard deviation; NULL for fewer than two
--:   int8_perplexity_n INTEGER: how many of the n have a `int8_perplexity`
--:   int8_perplexity_mean REAL: their mean; NULL where one is NaN
--:   int8_perplexity_std REAL: their sample standard deviation; NULL for fewer than two
--:   w8a4_perplexity_n INTEGER: how many of the n have a `w8a4_perplexity`
--:   w8a4_perplexity_mean REAL: their mean; NULL where one is NaN
--:   w8a4_perplexity_std REAL: their sample standard deviation; NULL for fewer than two
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
  CASE WHEN eval_loss_variance <= 1.7976931348623157e308 THEN sqrt(eval_loss_variance) END AS eval_loss_std,
  kurtosis_max_n,
  kurtosis_max_mean,
  CASE WHEN kurtosis_max_variance <= 1.7976931348623157e308 THEN sqrt(kurtosis_max_variance) END AS kurtosis_max_std,
  int8_perplexity_n,
  int8_perplexity_mean,
  CASE WHEN int8_perplexity_variance <= 1.7976931348623157e308 THEN sqrt(int8_perplexity_variance) END AS int8_perplexity_std,
  w8a4_perplexity_n,
  w8a4_perplexity_mean,
  CASE WHEN w8a4_perplexity_variance <= 1.7976931348623157e308 THEN sqrt(w8a4_perplexity_variance) END AS w8a4_perplexity_std
FROM spreads
WHERE row_of_arm = 1;
)sql";

}  // namespace ofsweep
