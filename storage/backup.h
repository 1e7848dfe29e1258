#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

// Copies of a database for readers elsewhere, made while a coordinator writes to it. A copy is one consistent state of
// the database, in one file: a reader needs no right to write beside it, as the database itself asks for in WAL mode.
// The copy takes the place of the one before by a rename, when it is on disk: whoever opens it sees all of the one or
// all of the other.
class Backup {
 public:
  // Errors: NotFound when there is no database or no folder for the copy; InvalidArgument for a copy without a name;
  // FailedPrecondition when the database is not of this program's version, or when the copy would overwrite anything
  // but an earlier one.
  static absl::StatusOr<std::unique_ptr<Backup>> Open(const std::string& database, const std::string& copy);

  virtual ~Backup() = default;

  // False when nothing was written to the database since the last copy that this object made. On an error the earlier
  // copy stays as it was.
  virtual absl::StatusOr<bool> Copy() = 0;

  // The size of the copy; 0 when there is none.
  virtual std::uint64_t CopyBytes() const = 0;
};

}  // namespace ofsweep
