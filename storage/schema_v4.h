#pragma once

namespace ofsweep {

// Version 4: what trials read, by its content.
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
)sql";

}  // namespace ofsweep
