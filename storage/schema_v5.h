#pragma once

namespace ofsweep {

// Version 5: sweeps can be deleted.
inline constexpr const char* kSchemaV5 = R"sql(
-- Trials that are no more, in the order of their deletion: workers remove what they keep of them. generation: of the newest
-- attempt; a later one is of a trial that was submitted again.
CREATE TABLE deleted_trials (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  trial_id TEXT NOT NULL,
  generation INTEGER NOT NULL
);
-- Their points, which are removed little by little, by what was trials.id. Such an id is never given again.
CREATE TABLE trials_to_clear (trial INTEGER PRIMARY KEY);
ALTER TABLE database ADD COLUMN deleted_through INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace ofsweep
