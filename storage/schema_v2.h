#pragma once

namespace ofsweep {

// Version 2: what a model loses with fewer than 8 bits (evaluate.bits).
inline constexpr const char* kSchemaV2 = R"sql(
ALTER TABLE trial_results ADD COLUMN w8a5_perplexity_step INTEGER NOT NULL DEFAULT -1;
ALTER TABLE trial_results ADD COLUMN w8a5_perplexity REAL;
ALTER TABLE trial_results ADD COLUMN w8a4_perplexity_step INTEGER NOT NULL DEFAULT -1;
ALTER TABLE trial_results ADD COLUMN w8a4_perplexity REAL;
ALTER TABLE trial_results ADD COLUMN w4a4_perplexity_step INTEGER NOT NULL DEFAULT -1;
ALTER TABLE trial_results ADD COLUMN w4a4_perplexity REAL;

DROP VIEW results;
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
  trial_results.w8a5_perplexity,
  trial_results.w8a4_perplexity,
  trial_results.w4a4_perplexity,
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

DROP VIEW ablation;
-- Trials that have an outcome to compare: n of them, of which NAME_n have a NAME. A NaN among these makes mean and std NULL; std is the sample
-- standard deviation.
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
      count(*) FILTER (WHERE trial_results.eval_loss_step >= 0) OVER cell AS eval_loss_n,
      avg(trial_results.eval_loss) OVER cell AS eval_loss_mean,
      max(trial_results.eval_loss_step >= 0 AND trial_results.eval_loss IS NULL) OVER cell AS eval_loss_nan,
      trial_results.kurtosis_max,
      count(*) FILTER (WHERE trial_results.kurtosis_step >= 0) OVER cell AS kurtosis_max_n,
      avg(trial_results.kurtosis_max) OVER cell AS kurtosis_max_mean,
      max(trial_results.kurtosis_step >= 0 AND trial_results.kurtosis_max IS NULL) OVER cell AS kurtosis_max_nan,
      trial_results.int8_perplexity,
      count(*) FILTER (WHERE trial_results.int8_perplexity_step >= 0) OVER cell AS int8_perplexity_n,
      avg(trial_results.int8_perplexity) OVER cell AS int8_perplexity_mean,
      max(trial_results.int8_perplexity_step >= 0 AND trial_results.int8_perplexity IS NULL) OVER cell
        AS int8_perplexity_nan,
      trial_results.w8a4_perplexity,
      count(*) FILTER (WHERE trial_results.w8a4_perplexity_step >= 0) OVER cell AS w8a4_perplexity_n,
      avg(trial_results.w8a4_perplexity) OVER cell AS w8a4_perplexity_mean,
      max(trial_results.w8a4_perplexity_step >= 0 AND trial_results.w8a4_perplexity IS NULL) OVER cell
        AS w8a4_perplexity_nan
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
        / nullif(count(int8_perplexity) OVER cell - 1, 0) AS int8_perplexity_variance,
      sum((w8a4_perplexity - w8a4_perplexity_mean) * (w8a4_perplexity - w8a4_perplexity_mean)) OVER cell
        / nullif(count(w8a4_perplexity) OVER cell - 1, 0) AS w8a4_perplexity_variance
    FROM means
    WINDOW cell AS (PARTITION BY sweep, block, optimizer, learning_rate)
  )
SELECT
  sweep,
  block,
  optimizer,
  learning_rate,
  n,
  eval_loss_n,
  CASE WHEN ifnull(eval_loss_nan, 0) = 0 THEN eval_loss_mean END AS eval_loss_mean,
  CASE WHEN ifnull(eval_loss_nan, 0) = 0 THEN sqrt(eval_loss_variance) END AS eval_loss_std,
  kurtosis_max_n,
  CASE WHEN ifnull(kurtosis_max_nan, 0) = 0 THEN kurtosis_max_mean END AS kurtosis_max_mean,
  CASE WHEN ifnull(kurtosis_max_nan, 0) = 0 THEN sqrt(kurtosis_max_variance) END AS kurtosis_max_std,
  int8_perplexity_n,
  CASE WHEN ifnull(int8_perplexity_nan, 0) = 0 THEN int8_perplexity_mean END AS int8_perplexity_mean,
  CASE WHEN ifnull(int8_perplexity_nan, 0) = 0 THEN sqrt(int8_perplexity_variance) END AS int8_perplexity_std,
  w8a4_perplexity_n,
  CASE WHEN ifnull(w8a4_perplexity_nan, 0) = 0 THEN w8a4_perplexity_mean END AS w8a4_perplexity_mean,
  CASE WHEN ifnull(w8a4_perplexity_nan, 0) = 0 THEN sqrt(w8a4_perplexity_variance) END AS w8a4_perplexity_std
FROM spreads
WHERE row_of_cell = 1;
)sql";

}  // namespace ofsweep
