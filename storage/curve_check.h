#pragma once

#include <string>

#include "storage/database_check.h"
#include "storage/database_connection.h"

namespace ofsweep {

// The points of all trials, read once: that each lies in the table that its step belongs to, that every curve is whole,
// and that `results` shows what they come to. In the snapshot that is open. SQLite's errors are thrown.
void CheckCurves(DatabaseConnection& connection, DatabaseCheck& places, DatabaseCheck& gaps, DatabaseCheck& results);

}  // namespace ofsweep
