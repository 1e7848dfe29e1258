#pragma once

namespace ofsweep {

// Version 7: what a specification says of the sweep itself (experiment/sweep_attributes.h).
inline constexpr const char* kSchemaV7 = R"sql(
ALTER TABLE sweeps ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE sweeps ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';  -- a JSON list, sorted
ALTER TABLE sweeps ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweeps ADD COLUMN keep_checkpoints TEXT NOT NULL DEFAULT 'last';
)sql";

}  // namespace ofsweep
