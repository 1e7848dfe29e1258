#pragma once

namespace ofsweep {

// Version 6: a sweep can be updated.
inline constexpr const char* kSchemaV6 = R"sql(
-- Texts of a sweep that an update has taken the place of, oldest first (number from 1); sweeps has the newest.
CREATE TABLE earlier_specs (
  sweep INTEGER NOT NULL,
  number INTEGER NOT NULL,
  submitted_at INTEGER NOT NULL,
  spec TEXT NOT NULL,
  file TEXT,
  spec_sha256 TEXT,
  revision TEXT,
  PRIMARY KEY (sweep, number)
);
ALTER TABLE sweeps ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;  -- when its text was submitted; 0: with the sweep
)sql";

}  // namespace ofsweep
