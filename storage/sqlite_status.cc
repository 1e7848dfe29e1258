#include "storage/sqlite_status.h"

#include <sqlite3.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "host/disk.h"

namespace ofsweep {
namespace {

// The errno of the last failed call on the WAL or the database file. sqlite3_system_errno() is no help for writes: by
// the time SQLite asks for it, other calls have been made.
int SystemError(sqlite3* connection) {
  if (connection == nullptr) return 0;
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
  int error = 0;
  if (wal != nullptr && wal->pMethods != nullptr) wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &error);
  if (error == 0) sqlite3_file_control(connection, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
  return error == 0 ? sqlite3_system_errno(connection) : error;
}

// A connection may have asked for extended codes.
int PrimaryCode(const SQLite::Exception& error) {
  return error.getErrorCode() & 0xff;
}

bool IsFull(const SQLite::Exception& error, int system_error) {
  if (PrimaryCode(error) == SQLITE_FULL) return true;
  if (PrimaryCode(error) != SQLITE_IOERR) return false;
  return IsNoSpace(system_error);
}

}  // namespace

absl::Status NoSpace(const std::string& path, const std::string& what) {
  return absl::ResourceExhaustedError(absl::StrCat(
      path, ": no space is left to write (", what,
      "); nothing of this change was stored. Free space on its disk, or raise the quota, and send it again"));
}

absl::Status ToStatus(const SQLite::Exception& error, sqlite3* connection, const std::string& path) {
  const int system_error = SystemError(connection);
  if (IsFull(error, system_error)) return NoSpace(path, error.what());
  switch (PrimaryCode(error)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(absl::StrCat(
          path,
          ": another program holds the database locked; end its transaction (an open sqlite3 shell?) and try again"));
    case SQLITE_NOTADB:
      return absl::FailedPreconditionError(
          absl::StrCat(path, ": this file is not a database; move it away, or give another --data-dir"));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return absl::FailedPreconditionError(
          absl::StrCat(path, ": cannot be opened (", error.what(), system_error == 0 ? "" : ", ",
                       system_error == 0 ? "" : std::strerror(system_error),
                       "); the file and its folder must be writable for this user, because SQLite keeps PATH-wal and "
                       "PATH-shm beside it"));
    case SQLITE_CORRUPT:
      return absl::DataLossError(absl::StrCat(path, ": the database is damaged (", error.what(),
                                              "); restore a copy (and remove ", path, "-wal and ", path,
                                              "-shm, which belong to the file before), or save what can be read with "
                                              "`sqlite3 ",
                                              path, " .recover | sqlite3 new.db`"));
    default:
      return absl::InternalError(absl::StrCat(path, ": ", error.what(), " (SQLite code ", error.getExtendedErrorCode(),
                                              "; system: ", std::strerror(system_error),
                                              "); if this is an I/O error, check the disk"));
  }
}

}  // namespace ofsweep
