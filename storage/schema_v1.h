#pragma once

namespace ofsweep {

// Version 1 of the tables; storage/DESIGN.md draws them. They speak in integer ids; users read the views (views.h).
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
)sql";

}  // namespace ofsweep
