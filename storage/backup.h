#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/file_identity.h"

namespace ofsweep {

class DatabaseConnection;

// Copies of a database for readers elsewhere, made while a coordinator writes to it. A copy is one consistent state of
// the database, in one file: a reader needs no right to write beside it, as the database itself asks for in WAL mode.
// The copy takes the place of the one before by a rename, when it is on disk: whoever opens it sees all of the one or
// all of the other.
class Backup {
 public:
  // Errors: NotFound when there is no database or no folder for the copy; InvalidArgument for a copy without a name;
  // FailedPrecondition when the database is not of this program's version, or when the copy would overwrite anything
  // but an earlier one; those of ToStatus (sqlite_status.h) when the database cannot be read.
  static absl::StatusOr<std::unique_ptr<Backup>> Open(const std::string& database, const std::string& copy);

  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // False when nothing was written to the database since the last copy that this object made. On an error the earlier
  // copy stays as it was, and the next call tries anew. Errors: NotFound when the database is gone; FailedPrecondition
  // when a file that is not of this program's version took its place, or when something else has the draft's name
  // (DESIGN.md); Unavailable while another backup writes the same copy, or another program locks the database;
  // ResourceExhausted when the copy cannot be written; Internal when a disk fails and SQLite does not tell which of the
  // two, and when the copy is there but its folder cannot be synced; those of ToStatus when the database cannot be
  // read.
  absl::StatusOr<bool> Copy();

  // The size of the copy; 0 when there is none.
  std::uint64_t CopyBytes() const;

 private:
  Backup(std::string database, std::string copy);

  absl::Status Connect();
  absl::StatusOr<std::int64_t> Version();

  const std::string database_;
  const std::string copy_;
  std::unique_ptr<DatabaseConnection> connection_;  // kept open: only then does SQLite tell whether others have written
  std::optional<FileIdentity> file_;                // that it has open
  std::optional<std::int64_t> copied_version_;
};

}  // namespace ofsweep
