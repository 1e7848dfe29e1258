#include "storage/database_connection.h"

#include <filesystem>

namespace ofsweep {
namespace {

int OpenFlags(DatabaseConnection::Mode mode) {
  const int access =
      mode == DatabaseConnection::Mode::kWriter ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  return access | SQLITE_OPEN_NOMUTEX;
}

}  // namespace

Statement::Statement(sqlite3* connection, const std::string& sql) {
  const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &handle_, nullptr);
  if (code != SQLITE_OK) throw SQLite::Exception(connection, code);
}

void Query::BindOne(int index, std::string_view value) {
  Check(sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::BindOne(int index, const Blob& value) {
  Check(sqlite3_bind_blob64(statement_, index, value.bytes.data(), value.bytes.size(), SQLITE_TRANSIENT));
}

std::string Query::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Query::Throw(int code) const {
  throw SQLite::Exception(sqlite3_db_handle(statement_), code);
}

DatabaseConnection::DatabaseConnection(const std::string& path, Mode mode)
    // Absolute, because SQLite may read a relative "file:…" as a URI.
    : database_(std::filesystem::absolute(path).string(), OpenFlags(mode), kBusyTimeoutMs) {
  // Sorts and savepoints use memory, so that a full disk cannot fail a read.
  Execute("PRAGMA temp_store = MEMORY");
  // Else a page whose cells lie outside it is read as one of fewer rows, without an error.
  Execute("PRAGMA cell_size_check = ON");
  Execute(mode == Mode::kWriter ? "PRAGMA cache_size = -65536" : "PRAGMA cache_size = -32768");
}

const Statement& DatabaseConnection::Prepare(const std::string& sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  return statements_.try_emplace(sql, handle(), sql).first->second;
}

}  // namespace ofsweep
