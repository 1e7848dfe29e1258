#pragma once

namespace ofsweep {

// Version 10: who may call, and who did what.
inline constexpr const char* kSchemaV10 = R"sql(
-- access/principal.h. token_hash: NULL for one that a certificate names. A revoked one stays until another takes its name.
CREATE TABLE principals (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  token_hash TEXT UNIQUE,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL
) WITHOUT ROWID;
-- Calls that change something. Written before the call is made; outcome: "ok" or the error, NULL while it is on its way and
-- where the coordinator was killed meanwhile.
CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  caller TEXT NOT NULL,
  role TEXT NOT NULL,
  peer TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT
);
ALTER TABLE sweeps ADD COLUMN owner TEXT NOT NULL DEFAULT '';  -- the caller who submitted it; '': callers had no names
)sql";

}  // namespace ofsweep
