#include "storage/log_store.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/database_connection.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

constexpr std::int64_t kLogsVersion = 1;
// A block is filled before the next one is begun: small pieces would cost a row each.
constexpr std::size_t kBlockBytes = 16 << 10;
// What a log costs besides its text, so that a million empty ones are bounded too.
constexpr std::int64_t kLogRowBytes = 200;

// bytes: of its blocks. written: larger, the later it was.
constexpr const char* kLogsSchema = R"sql(
CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  trial_id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  through INTEGER NOT NULL DEFAULT 0,
  complete INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  written INTEGER NOT NULL DEFAULT 0,
  UNIQUE (trial_id, generation)
);
CREATE INDEX logs_by_age ON logs (written);
CREATE TABLE blocks (
  log INTEGER NOT NULL,
  begin INTEGER NOT NULL,
  text BLOB NOT NULL,
  PRIMARY KEY (log, begin)
);
CREATE TABLE totals (bytes INTEGER NOT NULL, written INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0);
)sql";

struct LogRow {
  std::int64_t id = 0;
  std::int64_t through = 0;
  std::int64_t bytes = 0;
  bool complete = false;
};

std::int64_t Signed(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

std::int64_t PragmaNumber(DatabaseConnection& connection, const char* pragma) {
  Query query(connection.Prepare(pragma));
  query.Next();
  return query.Integer(0);
}

bool IsEmptyDatabase(DatabaseConnection& connection) {
  return PragmaNumber(connection, "SELECT count(*) FROM sqlite_schema") == 0;
}

void CheckIsOfLogs(DatabaseConnection& connection) {
  if (PragmaNumber(connection, "PRAGMA application_id") != kLogsApplicationId) {
    throw std::runtime_error("this file holds no logs of ofsweep");
  }
  if (PragmaNumber(connection, "PRAGMA user_version") > kLogsVersion) {
    throw std::runtime_error("a newer ofsweep has written it");
  }
}

std::optional<LogRow> FindLog(DatabaseConnection& connection, const AttemptName& attempt) {
  Query query(
      connection.Prepare("SELECT id, through, bytes, complete FROM logs WHERE trial_id = ?1 AND generation = ?2"));
  if (!query.Bind(attempt.trial_id, Signed(attempt.generation)).Next()) return std::nullopt;
  return LogRow{query.Integer(0), query.Integer(1), query.Integer(2), query.Integer(3) != 0};
}

LogRow FindOrMakeLog(DatabaseConnection& connection, const AttemptName& attempt) {
  if (const auto found = FindLog(connection, attempt)) return *found;
  Query(connection.Prepare("INSERT INTO logs (trial_id, generation) VALUES (?1, ?2)"))
      .Bind(attempt.trial_id, Signed(attempt.generation))
      .Run();
  Query(connection.Prepare("UPDATE totals SET bytes = bytes + ?1")).Bind(kLogRowBytes).Run();
  return {.id = connection.LastRowId()};
}

// Its last block, where that has room and ends at `through`.
std::optional<std::pair<std::int64_t, std::string>> BlockToFill(DatabaseConnection& connection, const LogRow& log) {
  Query query(connection.Prepare("SELECT begin, text FROM blocks WHERE log = ?1 ORDER BY begin DESC LIMIT 1"));
  if (!query.Bind(log.id).Next()) return std::nullopt;
  std::pair<std::int64_t, std::string> block{query.Integer(0), query.Text(1)};
  const bool has_room = block.second.size() < kBlockBytes;
  if (!has_room || block.first + Signed(block.second.size()) != log.through) return std::nullopt;
  return block;
}

// `begin` is not before what the log holds.
void AppendText(DatabaseConnection& connection, LogRow& log, std::int64_t begin, std::string_view text) {
  log.bytes += Signed(text.size());
  std::string block;
  if (begin == log.through) {
    if (auto last = BlockToFill(connection, log)) std::tie(begin, block) = std::move(*last);
  }
  while (!text.empty()) {
    const std::size_t taken = std::min(text.size(), kBlockBytes - block.size());
    block.append(text.substr(0, taken));
    text.remove_prefix(taken);
    Query(connection.Prepare("INSERT OR REPLACE INTO blocks (log, begin, text) VALUES (?1, ?2, ?3)"))
        .Bind(log.id, begin, Blob{block})
        .Run();
    begin += Signed(block.size());
    block.clear();
  }
  log.through = begin;
}

// Whole blocks, so that up to one more is kept than kKeptLogBytes.
void DropOldText(DatabaseConnection& connection, LogRow& log) {
  const std::int64_t kept_from = log.through - Signed(kKeptLogBytes);
  Query old(connection.Prepare(
      "SELECT ifnull(sum(length(text)), 0) FROM blocks WHERE log = ?1 AND begin + length(text) <= ?2"));
  old.Bind(log.id, kept_from).Next();
  if (old.Integer(0) == 0) return;
  log.bytes -= old.Integer(0);
  Query(connection.Prepare("DELETE FROM blocks WHERE log = ?1 AND begin + length(text) <= ?2"))
      .Bind(log.id, kept_from)
      .Run();
}

std::uint64_t AppendPiece(DatabaseConnection& connection, const LogPiece& piece) {
  const bool asks_only = piece.text.empty() && !piece.complete;
  if (asks_only) {
    const auto log = FindLog(connection, piece.attempt);
    return log ? static_cast<std::uint64_t>(log->through) : 0;
  }
  LogRow log = FindOrMakeLog(connection, piece.attempt);
  const std::int64_t bytes_before = log.bytes;
  const std::int64_t known = std::clamp<std::int64_t>(log.through - Signed(piece.begin), 0, Signed(piece.text.size()));
  const std::string_view text = std::string_view(piece.text).substr(static_cast<std::size_t>(known));
  if (!text.empty()) {
    AppendText(connection, log, Signed(piece.begin) + known, text);
    DropOldText(connection, log);
  }
  Query(connection.Prepare("UPDATE totals SET bytes = bytes + ?1, written = written + 1"))
      .Bind(log.bytes - bytes_before)
      .Run();
  Query(connection.Prepare("UPDATE logs SET through = ?2, bytes = ?3, complete = max(complete, ?4), written = (SELECT "
                           "written FROM totals) WHERE id = ?1"))
      .Bind(log.id, log.through, log.bytes, piece.complete ? 1 : 0)
      .Run();
  return static_cast<std::uint64_t>(log.through);
}

void RemoveLog(DatabaseConnection& connection, std::int64_t id, std::int64_t bytes) {
  Query(connection.Prepare("DELETE FROM blocks WHERE log = ?1")).Bind(id).Run();
  Query(connection.Prepare("DELETE FROM logs WHERE id = ?1")).Bind(id).Run();
  Query(connection.Prepare("UPDATE totals SET bytes = bytes - ?1")).Bind(bytes + kLogRowBytes).Run();
}

// The newest log stays, however small `max_bytes` is.
void DropOldLogs(DatabaseConnection& connection, std::int64_t max_bytes) {
  while (PragmaNumber(connection, "SELECT bytes FROM totals") > max_bytes) {
    std::int64_t id = 0;
    std::int64_t bytes = 0;
    {
      Query oldest(
          connection.Prepare("SELECT id, bytes FROM logs WHERE written < (SELECT written FROM totals) ORDER BY "
                             "written LIMIT 1"));
      if (!oldest.Next()) return;
      id = oldest.Integer(0);
      bytes = oldest.Integer(1);
    }
    RemoveLog(connection, id, bytes);
  }
}

}  // namespace

LogStore::LogStore(LogStoreOptions options) : options_(std::move(options)) {}

bool LogStore::HasFile() const {
  std::error_code ignored;
  return std::filesystem::exists(options_.path, ignored);
}

LogStore::~LogStore() = default;

// Null: there is nothing to read.
DatabaseConnection* LogStore::Open() {
  if (connection_ != nullptr && IdentityOf(options_.path) == file_) return connection_.get();
  connection_.reset();
  const bool exists = IdentityOf(options_.path).has_value();
  if (options_.read_only && !exists) return nullptr;
  const auto mode = options_.read_only ? DatabaseConnection::Mode::kReader : DatabaseConnection::Mode::kWriter;
  auto connection = std::make_unique<DatabaseConnection>(options_.path, mode);
  connection->Execute("PRAGMA cache_size = -4096");  // a log is written and read from end to end
  if (!options_.read_only) {
    if (IsEmptyDatabase(*connection)) {
      SQLite::Transaction transaction(connection->database());
      connection->Execute(kLogsSchema);
      connection->Execute(absl::StrCat("PRAGMA application_id = ", kLogsApplicationId).c_str());
      connection->Execute(absl::StrCat("PRAGMA user_version = ", kLogsVersion).c_str());
      transaction.commit();
    }
    CheckIsOfLogs(*connection);
    Query(connection->Prepare("PRAGMA journal_mode = WAL")).Next();
    connection->Execute("PRAGMA synchronous = NORMAL");
    connection->Execute("PRAGMA secure_delete = OFF");
    connection->Execute("PRAGMA journal_size_limit = 8388608");
  } else {
    if (IsEmptyDatabase(*connection)) return nullptr;
    CheckIsOfLogs(*connection);
  }
  file_ = IdentityOf(options_.path);
  connection_ = std::move(connection);
  return connection_.get();
}

// Of a reader without a file: what `use` returns by default.
template <class Use>
auto LogStore::With(const Use& use) -> decltype(use(std::declval<DatabaseConnection&>())) {
  using Result = decltype(use(std::declval<DatabaseConnection&>()));
  absl::MutexLock lock(&mutex_);
  try {
    DatabaseConnection* connection = Open();
    if (connection == nullptr) return Result(typename Result::value_type());
    return use(*connection);
  } catch (const SQLite::Exception& error) {
    absl::Status status = ToStatus(error, connection_ == nullptr ? nullptr : connection_->handle(), options_.path);
    // On a full disk there may be no room to open it again.
    if (!absl::IsResourceExhausted(status)) connection_.reset();
    return status;
  } catch (const std::exception& error) {
    connection_.reset();
    return absl::FailedPreconditionError(absl::StrCat(options_.path, ": ", error.what()));
  }
}

absl::StatusOr<std::vector<std::uint64_t>> LogStore::Append(std::span<const LogPiece> pieces) {
  return With([&](DatabaseConnection& connection) -> absl::StatusOr<std::vector<std::uint64_t>> {
    std::vector<std::uint64_t> through;
    SQLite::Transaction transaction(connection.database());
    for (const LogPiece& piece : pieces) through.push_back(AppendPiece(connection, piece));
    DropOldLogs(connection, Signed(options_.max_bytes));
    transaction.commit();
    return through;
  });
}

absl::StatusOr<std::optional<LogExtent>> LogStore::Find(const AttemptName& attempt) {
  return With([&](DatabaseConnection& connection) -> absl::StatusOr<std::optional<LogExtent>> {
    const auto log = FindLog(connection, attempt);
    if (!log) return std::nullopt;
    Query first(connection.Prepare("SELECT ifnull(min(begin), ?2) FROM blocks WHERE log = ?1"));
    first.Bind(log->id, log->through).Next();
    const std::int64_t begin = std::max(first.Integer(0), log->through - Signed(kKeptLogBytes));
    return LogExtent{static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(log->through), log->complete};
  });
}

absl::StatusOr<LogPiece> LogStore::Read(const AttemptName& attempt, std::uint64_t begin, std::size_t max_bytes) {
  return With([&](DatabaseConnection& connection) -> absl::StatusOr<LogPiece> {
    LogPiece piece{.attempt = attempt, .begin = begin};
    const auto log = FindLog(connection, attempt);
    if (!log) return piece;
    const std::int64_t from = std::max(Signed(begin), log->through - Signed(kKeptLogBytes));
    Query blocks(
        connection.Prepare("SELECT begin, text FROM blocks WHERE log = ?1 AND begin >= ifnull((SELECT max(begin) FROM "
                           "blocks WHERE log = ?1 "
                           "AND begin <= ?2), 0) ORDER BY begin"));
    blocks.Bind(log->id, from);
    while (piece.text.size() < max_bytes && blocks.Next()) {
      const std::int64_t at = blocks.Integer(0);
      std::string text = blocks.Text(1);
      if (at + Signed(text.size()) <= from) continue;  // `begin` is in a gap, or at the end
      if (piece.text.empty()) {
        piece.begin = static_cast<std::uint64_t>(std::max(at, from));
        text.erase(0, static_cast<std::size_t>(Signed(piece.begin) - at));
      } else if (Signed(piece.end()) != at) {
        break;
      }
      piece.text.append(text, 0, max_bytes - piece.text.size());
    }
    return piece;
  });
}

absl::Status LogStore::Remove(std::span<const AttemptName> trials) {
  return With([&](DatabaseConnection& connection) -> absl::StatusOr<bool> {
           SQLite::Transaction transaction(connection.database());
           for (const AttemptName& trial : trials) {
             std::vector<std::pair<std::int64_t, std::int64_t>> logs;
             {
               Query query(connection.Prepare("SELECT id, bytes FROM logs WHERE trial_id = ?1 AND generation <= ?2"));
               query.Bind(trial.trial_id, Signed(trial.generation));
               while (query.Next()) logs.emplace_back(query.Integer(0), query.Integer(1));
             }
             for (const auto& [id, bytes] : logs) RemoveLog(connection, id, bytes);
           }
           transaction.commit();
           return true;
         })
      .status();
}

}  // namespace ofsweep
