#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/database_connection.h"

namespace ofsweep {

// Where a file is written before it gets the name `target`: beside it, hidden, and of a name that nothing else has.
// Absolute, because SQLite may read "file:…" as a URI.
std::string DraftOf(const std::string& target);

// Whether the file begins as an ofsweep database does.
bool IsOfsweepDatabase(const std::string& path);

// A database file on its way to the place of another: written beside it, under a name that nothing else has
// (DESIGN.md), and renamed when it is whole and on disk. So a kill at any moment leaves the one or the other. What is
// not renamed is removed with the object; what a kill has left, by the next one.
class DatabaseDraft {
 public:
  // `advice` ends the messages, with what helps besides the obvious: ", or give another --to". Errors:
  // FailedPrecondition when something else has the draft's name; Unavailable while another process writes it;
  // ResourceExhausted when it cannot be made.
  static absl::StatusOr<std::unique_ptr<DatabaseDraft>> Begin(const std::string& target, const std::string& advice);
  ~DatabaseDraft();
  DatabaseDraft(const DatabaseDraft&) = delete;
  DatabaseDraft& operator=(const DatabaseDraft&) = delete;

  const std::string& path() const { return path_; }  // absolute

  // One consistent state of the database that `source` has open, compact and in rollback mode. Once, and first. Errors:
  // ResourceExhausted when the draft cannot be written; Internal when a disk fails and SQLite does not tell which of
  // the two; those of ToStatus (sqlite_status.h) when the source cannot be read.
  absl::Status CopyFrom(SQLite::Database& source, const std::string& source_path);
  // Syncs it and renames it over the target. ResourceExhausted when that fails; Internal when it has the target's
  // place, but the folder cannot be synced.
  absl::Status TakePlace();

 private:
  DatabaseDraft(std::string target, std::string advice);

  absl::Status RemoveLeftover() const;
  absl::Status RemoveOpened(int fd) const;
  absl::Status WhyNotOpened(int error) const;
  absl::Status IsSomebodys() const;
  absl::Status AnotherWrites() const;
  absl::Status CannotWrite(const std::string& why) const;
  absl::Status CannotCopy(const SQLite::Exception& error, sqlite3* connection, const std::string& source) const;

  const std::string target_;
  const std::string advice_;
  const std::string path_;
  int fd_ = -1;  // the lock on it keeps two writers of one target apart
  bool is_mine_ = false;
};

}  // namespace ofsweep
