#include "storage/integrity.h"

#include <string_view>

#include "absl/strings/str_cat.h"

namespace ofsweep {

std::string IntegrityFault(SQLite::Database& database) {
  SQLite::Statement check(database, "PRAGMA integrity_check(1)");
  const std::string found = check.executeStep() ? check.getColumn(0).getString() : "it could not be checked";
  if (found == "ok") return "";
  // "*** in database main ***\nOn tree page 31 cell 205: …\n…"
  const std::size_t begin = found.starts_with("***") ? found.find('\n') + 1 : 0;
  return found.substr(begin, found.find('\n', begin) - begin);
}

absl::Status CheckIntegrity(SQLite::Database& database, const std::string& path, const std::string& consequence) {
  const std::string fault = IntegrityFault(database);
  if (fault.empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": the database is damaged (", fault, "), so ", consequence,
                                          "; put a copy of `ofsweep db backup` in its place, or save what can be "
                                          "read with `sqlite3 ",
                                          path, " .recover | sqlite3 new.db`"));
}

}  // namespace ofsweep
