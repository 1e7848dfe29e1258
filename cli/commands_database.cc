#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/option_values.h"
#include "experiment/data_folder.h"
#include "storage/backup.h"
#include "storage/compaction.h"
#include "storage/database_check.h"
#include "storage/merge.h"

namespace ofsweep {
namespace {

absl::Status CopyOnce(Backup& backup, const std::string& to, std::ostream& out) {
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<bool> copied = backup.Copy();
  if (!copied.ok()) return copied.status();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (*copied) {
    out << absl::StrFormat("copied %.1f MB to %s in %.2f s", static_cast<double>(backup.CopyBytes()) / 1e6, to,
                           took.count())
        << std::endl;
  }
  return absl::OkStatus();
}

void PrintChecks(const std::vector<DatabaseCheck>& checks, std::ostream& out) {
  std::vector<std::vector<std::string>> rows;
  for (const DatabaseCheck& check : checks) {
    const bool is_ok = check.fault_count == 0;
    rows.push_back({check.name, is_ok ? "ok" : absl::StrCat(check.fault_count, " wrong"),
                    is_ok ? absl::StrCat(check.extent, ": ", check.promise) : check.extent});
  }
  out << AlignColumns(rows);
  for (const DatabaseCheck& check : checks) {
    if (check.fault_count == 0) continue;
    out << "\n" << check.name << ":\n";
    for (const std::string& fault : check.faults) out << "  " << fault << "\n";
    if (check.fault_count > check.faults.size()) {
      out << "  and " << check.fault_count - check.faults.size() << " more\n";
    }
    out << "  To mend it, " << check.mend << ".\n";
  }
  out.flush();
}

std::string DescribeMerge(const std::string& from, const MergeCounts& merged) {
  std::string text = absl::StrCat(
      from, ": sweeps: ", merged.added_sweeps.size(), " added, ", merged.updated_sweeps.size(), " updated, ",
      merged.known_sweeps, " in both; trials: ", merged.added_trials, " added, ", merged.finished_trials,
      " finished by theirs, ", merged.kept_trials, " kept; points: ", merged.points, " brought\n");
  for (const std::string& sweep : merged.waiting_sweeps) {
    absl::StrAppend(&text, "waits, because some of it is still to be trained: ", sweep, "; `ofsweep resume ", sweep,
                    "` goes on with it\n");
  }
  return text;
}

}  // namespace

absl::Status DbCheck(const DbCheckOptions& options, Streams streams) {
  const std::string path = DatabaseAt(options.data_dir);
  auto checks = CheckDatabase(path);
  if (!checks.ok()) return checks.status();
  const std::string logs = LogsPath(std::filesystem::path(path).parent_path().string());
  if (path == DatabasePath(options.data_dir) && std::filesystem::exists(logs)) checks->push_back(CheckLogs(logs));
  PrintChecks(*checks, streams.out);
  std::uint64_t faults = 0;
  for (const DatabaseCheck& check : *checks) faults += check.fault_count;
  if (faults == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": ", faults, faults == 1 ? " thing is" : " things are",
                                          " wrong with this database, as listed above"));
}

absl::Status DbCompact(const DbCompactOptions& options, Streams streams) {
  const auto compaction = CompactDatabase(DatabaseAt(options.data_dir));
  if (!compaction.ok()) return compaction.status();
  streams.out << absl::StrFormat("%.1f MB before, %.1f MB now\n", static_cast<double>(compaction->bytes_before) / 1e6,
                                 static_cast<double>(compaction->bytes_after) / 1e6);
  return absl::OkStatus();
}

absl::Status DbBackup(const DbBackupOptions& options, Streams streams) {
  const auto backup = Backup::Open(DatabaseAt(options.data_dir), options.to);
  if (!backup.ok()) return backup.status();
  if (!options.every_seconds) return CopyOnce(**backup, options.to, streams.out);

  const Interrupt interrupt;
  const auto pause = std::chrono::duration<double>(*options.every_seconds);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!interrupt.Requested()) {
    // The next one may succeed: space may be free again.
    if (const absl::Status status = CopyOnce(**backup, options.to, streams.out); !status.ok()) {
      streams.err << "ofsweep: " << std::string(status.message()) << std::endl;
    }
    stopped.wait_for(lock, interrupt.Token(), pause, [] { return false; });
  }
  return absl::OkStatus();
}

absl::Status DbMerge(const DbMergeOptions& options, Streams streams) {
  MergeRequest request{.into = DatabaseAt(options.into)};
  for (const std::string& text : options.rename) {
    auto names = SplitKeyValue("--rename", text, "quickstart=quickstart-of-the-laptop");
    if (!names.ok()) return names.status();
    if (names->second.empty()) return absl::InvalidArgumentError(absl::StrCat("--rename: ", text, " gives no name"));
    request.names.insert(*std::move(names));
  }
  if (!request.names.empty() && options.from.size() > 1) {
    return absl::InvalidArgumentError("--rename: says not of which database; merge that one alone");
  }
  for (const std::string& from : options.from) {
    request.from = DatabaseAt(from);
    request.now = absl::ToUnixMillis(absl::Now());
    const auto merged = MergeDatabase(request);
    if (!merged.ok()) return merged.status();
    streams.out << DescribeMerge(request.from, *merged) << std::flush;
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
