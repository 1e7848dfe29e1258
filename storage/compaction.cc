#include "storage/compaction.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "storage/database_copy.h"
#include "storage/integrity.h"
#include "storage/sqlite_status.h"
#include "storage/sweep_deletion.h"
#include "storage/writer_connection.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// 0 when there is no such file.
std::uint64_t SizeOf(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

void RemovePointsOfDeletedTrials(DatabaseConnection& connection) {
  while (HasDeletedPoints(connection)) {
    SQLite::Transaction transaction(connection.database(), SQLite::TransactionBehavior::IMMEDIATE);
    ClearDeletedPoints(connection);
    transaction.commit();
  }
}

// Nobody else may have the file open: who read on in the old one would take the write-ahead log of the new one, which
// it finds by its name, for its own. Exclusive locking that is asked for before anything is read gets just that.
//
// Whoever had it open until now kept the log from being folded into the file. To leave WAL mode folds it and takes it
// away: a kill behind the rename would else make it the log of the new file. The mode is a byte of the file, written
// with a journal in memory: one on disk, left by a kill, would keep readers out until the next writer.
absl::StatusOr<std::unique_ptr<SQLite::Database>> OpenAlone(const std::string& path) {
  try {
    auto database =
        std::make_unique<SQLite::Database>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, kBusyTimeoutMs);
    database->exec("PRAGMA locking_mode = EXCLUSIVE");
    database->execAndGet("SELECT count(*) FROM sqlite_schema");
    const std::string mode = database->execAndGet("PRAGMA journal_mode = MEMORY").getString();
    if (mode == "memory") return database;
    return absl::InternalError(absl::StrCat(path, ": its write-ahead log cannot be folded into the file (journal mode ",
                                            mode, "), so the file was left as it is; run `ofsweep db check`"));
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() != SQLITE_BUSY && error.getErrorCode() != SQLITE_LOCKED) throw;
    return absl::UnavailableError(absl::StrCat(path,
                                               ": another program has the database open (a dashboard, a notebook, an "
                                               "sqlite3 shell, a repeating backup); close "
                                               "it there and try again"));
  }
}

// As the old file has them: a coordinator of another user must be able to open the new one.
absl::Status GiveOwnerAndMode(const std::string& from, const std::string& to) {
  struct stat status {};
  const bool given = ::stat(from.c_str(), &status) == 0 && ::chown(to.c_str(), status.st_uid, status.st_gid) == 0 &&
                     ::chmod(to.c_str(), status.st_mode & 07777) == 0;
  if (given) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(from,
                                                  ": a new file cannot be given the owner and the mode of this one (",
                                                  std::strerror(errno), "); compact it as its owner"));
}

absl::Status CheckDraft(const std::string& draft, const std::string& path) {
  DatabaseConnection connection(draft, DatabaseConnection::Mode::kReader);
  const std::string fault = IntegrityFault(connection.database());
  if (fault.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(path, ": what was written anew is damaged (", fault,
                   "), so the file was left as it is; run `ofsweep db check`, and check the disk"));
}

absl::Status WriteAnew(SQLite::Database& database, const std::string& file, const std::string& path) {
  if (absl::Status status = CheckIntegrity(database, path, "it was left as it is"); !status.ok()) return status;
  const auto draft = BeginDatabase(file, "");
  if (!draft.ok()) return draft.status();
  if (absl::Status status = CopyDatabase(database, path, **draft); !status.ok()) return status;
  if (absl::Status status = CheckDraft((*draft)->path(), path); !status.ok()) return status;
  if (absl::Status status = GiveOwnerAndMode(file, (*draft)->path()); !status.ok()) return status;
  return (*draft)->TakePlace();
}

// Whichever of the two files it is now. May fail: the next writer does it, too, unless a dashboard reads just then.
void EnterWalMode(const std::string& file) {
  SQLite::Database database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
  database.tryExec("PRAGMA journal_mode = MEMORY");
  database.tryExec("PRAGMA journal_mode = WAL");
}

}  // namespace

absl::StatusOr<Compaction> CompactDatabase(const std::string& path) {
  std::error_code error;
  const std::string file = fs::canonical(path, error).string();  // a link is kept
  if (error) return absl::NotFoundError(absl::StrCat("there is no database ", path));
  auto opened = OpenToWrite({.path = path});
  if (!opened.ok()) return opened.status();
  try {
    RemovePointsOfDeletedTrials(*opened->connection);
    Compaction compaction{.bytes_before = SizeOf(file) + SizeOf(file + "-wal")};
    opened->connection.reset();
    absl::Status written;
    {
      const auto database = OpenAlone(file);
      if (!database.ok()) return database.status();
      written = WriteAnew(**database, file, path);
    }
    EnterWalMode(file);
    if (!written.ok()) return written;
    compaction.bytes_after = SizeOf(file);
    return compaction;
  } catch (const SQLite::Exception& exception) {
    return ToStatus(exception, nullptr, path);
  }
}

}  // namespace ofsweep
