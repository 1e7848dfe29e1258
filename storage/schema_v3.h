#pragma once

namespace ofsweep {

// Version 3: which database this is, and where the attempts of a trial began and ended.
inline constexpr const char* kSchemaV3 = R"sql(
-- One row. Copies of a database share its id.
CREATE TABLE database (id TEXT NOT NULL);
INSERT INTO database (id) VALUES (lower(hex(randomblob(16))));

-- from_step: updates of the checkpoint that the attempt began with; NULL before its trainer said so.
-- to_step: updates that it had done when it ended; NULL while it runs, and of one that was lost.
ALTER TABLE attempts RENAME TO trial_attempts;
ALTER TABLE trial_attempts ADD COLUMN from_step INTEGER;
ALTER TABLE trial_attempts ADD COLUMN to_step INTEGER;

-- The generation of the attempt that the newest points are of; earlier ones left none behind the step where it began.
ALTER TABLE trial_results ADD COLUMN curve_generation INTEGER NOT NULL DEFAULT 0;

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
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trial_attempts.started_at, 0) / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', nullif(trial_attempts.ended_at, 0) / 1000.0, 'unixepoch') AS ended_at
FROM trial_attempts
  JOIN trials ON trials.id = trial_attempts.trial;
)sql";

}  // namespace ofsweep
