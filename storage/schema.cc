#include "storage/schema.h"

#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/schema_v1.h"
#include "storage/schema_v10.h"
#include "storage/schema_v2.h"
#include "storage/schema_v3.h"
#include "storage/schema_v4.h"
#include "storage/schema_v5.h"
#include "storage/schema_v6.h"
#include "storage/schema_v7.h"
#include "storage/views.h"

namespace ofsweep {
namespace {

// Of a version whose views alone are new, which every migration makes anew.
constexpr const char* kNoTables = "";
// Migration i brings the tables of version i to version i + 1. One that was released is never edited: add the next.
constexpr std::array kMigrations = {kSchemaV1, kSchemaV2, kSchemaV3, kSchemaV4, kSchemaV5,
                                    kSchemaV6, kSchemaV7, kNoTables, kNoTables, kSchemaV10};
constexpr std::int64_t kVersion = kMigrations.size();

std::int64_t Number(DatabaseConnection& connection, const std::string& sql) {
  Query query(connection.Prepare(sql));
  query.Next();
  return query.Integer(0);
}

void DropViews(DatabaseConnection& connection) {
  std::vector<std::string> names;
  {
    Query query(connection.Prepare("SELECT name FROM sqlite_schema WHERE type = 'view'"));
    while (query.Next()) names.push_back(query.Text(0));
  }
  for (const std::string& name : names) connection.Execute(absl::StrCat("DROP VIEW \"", name, "\"").c_str());
}

}  // namespace

absl::Status CheckOrigin(DatabaseConnection& connection, const std::string& path) {
  const std::int64_t version = Number(connection, "PRAGMA user_version");
  if (Number(connection, "PRAGMA application_id") != kApplicationId) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": this database was not made by ofsweep; move it away, or give another --data-dir"));
  }
  if (version < 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": its schema version is ", version,
                     ", which no ofsweep writes: another program has changed it, or it is damaged; restore a copy, or "
                     "give another --data-dir"));
  }
  if (version > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": written by a newer ofsweep (schema version ", version,
                                                      ", this program knows ", kVersion,
                                                      "); use that ofsweep, or give another --data-dir"));
  }
  return absl::OkStatus();
}

absl::Status MigrateSchema(DatabaseConnection& connection, const std::string& path) {
  std::int64_t version = Number(connection, "PRAGMA user_version");
  const bool is_new = version == 0 && Number(connection, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new) {
    if (absl::Status origin = CheckOrigin(connection, path); !origin.ok()) return origin;
  }
  if (version == kVersion) return absl::OkStatus();
  SQLite::Transaction transaction(connection.database());
  DropViews(connection);
  for (; version < kVersion; ++version) connection.Execute(kMigrations[static_cast<std::size_t>(version)]);
  connection.Execute(kViews);
  connection.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId).c_str());
  connection.Execute(absl::StrCat("PRAGMA user_version = ", kVersion).c_str());
  transaction.commit();
  return absl::OkStatus();
}

absl::Status CheckSchema(DatabaseConnection& connection, const std::string& path) {
  if (absl::Status origin = CheckOrigin(connection, path); !origin.ok()) return origin;
  const std::int64_t version = Number(connection, "PRAGMA user_version");
  if (version < kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": written by an older ofsweep (schema version ", version, ", this program needs ", kVersion,
                     "); start `ofsweep coordinator` on it once, which brings it up to date"));
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
