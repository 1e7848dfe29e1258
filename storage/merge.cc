#include "storage/merge.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "storage/database_check.h"
#include "storage/database_copy.h"
#include "storage/integrity.h"
#include "storage/merged_inputs.h"
#include "storage/merged_sweeps.h"
#include "storage/merged_trials.h"
#include "storage/reader_connection.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"
#include "storage/writer_connection.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

absl::Status CheckPaths(const MergeRequest& request) {
  std::error_code error;
  if (!fs::equivalent(request.from, request.into, error)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(request.from, ": this is the database that it would be merged into; name another one"));
}

// Without a journal beside it, which a kill would leave: of a copy nothing has to survive.
absl::Status MigrateCopy(const std::string& from, const std::string& copy) {
  std::unique_ptr<DatabaseConnection> connection;
  try {
    connection = std::make_unique<DatabaseConnection>(copy, DatabaseConnection::Mode::kWriter);
    connection->Execute("PRAGMA journal_mode = MEMORY");
    return MigrateSchema(*connection, from);
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, connection == nullptr ? nullptr : connection->handle(), copy);
  }
}

// That all of the source can be taken at its word. What is brought cannot be told from what was there.
absl::Status CheckCopy(const std::string& from, const std::string& copy) {
  const auto checks = CheckDatabase(copy);
  if (!checks.ok()) {
    return {checks.status().code(), absl::StrReplaceAll(std::string(checks.status().message()), {{copy, from}})};
  }
  for (const DatabaseCheck& check : *checks) {
    if (check.fault_count == 0) continue;
    return absl::DataLossError(absl::StrCat(from, ": ", check.faults.front(),
                                            ", so nothing of it was brought; `ofsweep db check --data-dir ", from,
                                            "` lists all that is wrong. To mend it, ", check.mend));
  }
  return absl::OkStatus();
}

absl::StatusOr<MergeCounts> MergeCopy(DatabaseConnection& connection, const std::string& copy,
                                      const MergeRequest& request) {
  Query(connection.Prepare("ATTACH DATABASE ?1 AS source")).Bind(copy).Run();
  MergeCounts counts;
  SQLite::Transaction transaction(connection.database(), SQLite::TransactionBehavior::IMMEDIATE);
  MergedSweeps sweeps(connection, request);
  if (absl::Status found = sweeps.Find(counts); !found.ok()) return found;
  if (absl::Status same = CheckSharedInputs(connection, request); !same.ok()) return same;
  if (absl::Status merged = MergeTrials(connection, request, counts); !merged.ok()) return merged;
  sweeps.Insert(counts);
  transaction.commit();
  return counts;
}

}  // namespace

absl::StatusOr<MergeCounts> MergeDatabase(const MergeRequest& request) {
  if (absl::Status paths = CheckPaths(request); !paths.ok()) return paths;
  // Before anything is made or changed for its sake.
  const auto source = OpenToRead(request.from, CheckOrigin);
  if (!source.ok()) return source.status();
  try {
    absl::Status sound = CheckIntegrity((*source)->database(), request.from, "nothing of it was brought");
    if (!sound.ok()) return sound;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, (*source)->handle(), request.from);
  }
  const auto opened = OpenToWrite({.path = request.into});
  if (!opened.ok()) return opened.status();
  const auto draft = BeginDatabase(request.into, "");
  if (!draft.ok()) return draft.status();
  // The source may have a coordinator, and may be of an older version: its copy has neither trouble.
  if (absl::Status copied = CopyDatabase((*source)->database(), request.from, **draft); !copied.ok()) return copied;
  if (absl::Status migrated = MigrateCopy(request.from, (*draft)->path()); !migrated.ok()) return migrated;
  if (absl::Status whole = CheckCopy(request.from, (*draft)->path()); !whole.ok()) return whole;
  try {
    return MergeCopy(*opened->connection, (*draft)->path(), request);
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, opened->connection->handle(), request.into);
  }
}

}  // namespace ofsweep
