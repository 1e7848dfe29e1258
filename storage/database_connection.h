#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ofsweep {

// How long to wait for programs other than ofsweep (an SQL shell) that hold the file locked.
inline constexpr int kBusyTimeoutMs = 5000;

// A prepared statement. It is SQLite's own and not SQLiteCpp's, whose columns count references: a curve is read, and a
// point stored, at a tenth of a microsecond a row. Errors throw SQLite::Exception, here and below.
class Statement {
 public:
  Statement(sqlite3* connection, const std::string& sql);
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

 private:
  friend class Query;
  sqlite3_stmt* handle_ = nullptr;
};

// A value that is bytes of any kind, and no text.
struct Blob {
  std::string_view bytes;
};

// One use of a statement. The statement is reset when the use ends, so that no read snapshot outlives it.
// NaN is stored as NULL and read back as NaN.
class Query {
 public:
  explicit Query(const Statement& statement) : statement_(statement.handle_) {}
  ~Query() { sqlite3_reset(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Binds the parameters from ?1 on. Texts are copied.
  template <class... Values>
  Query& Bind(const Values&... values) {
    int index = 0;
    (BindOne(++index, values), ...);
    return *this;
  }
  void BindOne(int index, std::int64_t value) { Check(sqlite3_bind_int64(statement_, index, value)); }
  void BindOne(int index, std::optional<std::int64_t> value) {
    value ? BindOne(index, *value) : Check(sqlite3_bind_null(statement_, index));
  }
  void BindOne(int index, int value) { Check(sqlite3_bind_int(statement_, index, value)); }
  void BindOne(int index, double value) { Check(sqlite3_bind_double(statement_, index, value)); }
  void BindOne(int index, std::string_view value);
  void BindOne(int index, const Blob& value);

  // False when there are no more rows.
  bool Next() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) Throw(code);
    return code == SQLITE_ROW;
  }
  // For statements without rows; returns the number of rows changed.
  int Run() {
    Next();
    return sqlite3_changes(sqlite3_db_handle(statement_));
  }

  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double Real(int column) const {
    const double value = sqlite3_column_double(statement_, column);  // 0 for NULL
    return value == 0 && IsNull(column) ? std::numeric_limits<double>::quiet_NaN() : value;
  }
  std::string Text(int column) const;
  bool IsNull(int column) const { return Type(column) == SQLITE_NULL; }
  int Type(int column) const { return sqlite3_column_type(statement_, column); }  // SQLITE_INTEGER, …

 private:
  void Check(int code) const {
    if (code != SQLITE_OK) Throw(code);
  }
  [[noreturn]] void Throw(int code) const;

  sqlite3_stmt* const statement_;
};

// One connection and its prepared statements. One thread at a time.
class DatabaseConnection {
 public:
  enum class Mode { kWriter, kReader };
  DatabaseConnection(const std::string& path, Mode mode);

  SQLite::Database& database() { return database_; }
  sqlite3* handle() const { return database_.getHandle(); }
  void Execute(const char* sql) { database_.exec(sql); }
  // `sql` is prepared once; at most one Query of the same text may live at a time.
  const Statement& Prepare(const std::string& sql);
  std::int64_t LastRowId() const { return database_.getLastInsertRowid(); }
  // False after SQLite has rolled a transaction back by itself, which it does on some disk errors.
  bool InTransaction() const { return sqlite3_get_autocommit(handle()) == 0; }

 private:
  SQLite::Database database_;
  std::unordered_map<std::string, Statement> statements_;
};

}  // namespace ofsweep
