#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "absl/status/status.h"

namespace ofsweep {

// What SQLite finds wrong with the file first: its pages, that rows lie in the order of their keys, indices; "" where
// nothing is. All of it is read. SQLite's errors are thrown.
std::string IntegrityFault(SQLite::Database& database);

// DataLoss where there is a fault: of what SQLite reads by key then, rows are missing without a word. `consequence`
// says what was not done for it.
absl::Status CheckIntegrity(SQLite::Database& database, const std::string& path, const std::string& consequence);

}  // namespace ofsweep
