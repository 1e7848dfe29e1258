#pragma once

namespace ofsweep {

// Version 4: what trials read, by its content; why they diverged; where attempts ran, of which programs.
inline constexpr const char* kSchemaV4 = R"sql(
-- Of everything that the trial reads; NULL while nobody has looked at it, and of trials that earlier versions trained.
ALTER TABLE trials ADD COLUMN data_fingerprint TEXT;

-- What the sweep's first attempt found at a path whose content nobody had seen before; every other attempt has to find the same.
-- source, path: as experiment/data_input.h.
CREATE TABLE sweep_inputs (
  sweep INTEGER NOT NULL,
  source TEXT NOT NULL,
  path TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (sweep, source, path)
) WITHOUT ROWID;

-- Of diverged trials: why, and the step whose numbers show it. NULL where an earlier version trained them.
ALTER TABLE trials ADD COLUMN outcome_reason TEXT;
ALTER TABLE trials ADD COLUMN diverged_step INTEGER;

-- NULL before the attempt has begun, and of attempts of earlier versions. device: its model. revision: of the trainer. left_out: files
-- of the corpus that it did not train on, by reason, flat JSON.
ALTER TABLE trial_attempts ADD COLUMN host TEXT;
ALTER TABLE trial_attempts ADD COLUMN device TEXT;
ALTER TABLE trial_attempts ADD COLUMN revision TEXT;
ALTER TABLE trial_attempts ADD COLUMN left_out TEXT;
ALTER TABLE trial_attempts ADD COLUMN data_fingerprint TEXT;
-- What an attempt's trainer made of `auto` stands with the attempt alone.
ALTER TABLE trials ADD COLUMN begun_generation INTEGER;  -- of the newest attempt that has begun
UPDATE trials SET begun_generation = (SELECT max(generation) FROM trial_attempts WHERE trial = trials.id AND resolved <> '{}');
ALTER TABLE trial_configs DROP COLUMN resolved;

-- The submitted file, NULL for a program's message; the SHA-256 of spec; and the coordinator that took it.
ALTER TABLE sweeps ADD COLUMN file TEXT;
ALTER TABLE sweeps ADD COLUMN spec_sha256 TEXT;
ALTER TABLE sweeps ADD COLUMN revision TEXT;
)sql";

}  // namespace ofsweep
