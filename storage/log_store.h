#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "experiment/attempt.h"
#include "storage/file_identity.h"

namespace ofsweep {

// "OFSL", the application_id of logs.db, which tells it from other programs' files.
inline constexpr std::int64_t kLogsApplicationId = 0x4f46534c;

class DatabaseConnection;

struct LogStoreOptions {
  std::string path;             // …/logs.db, made when something is written
  std::uint64_t max_bytes = 0;  // of all logs; more than that goes, the log that was written to longest ago first
  bool read_only = false;       // works beside a process that writes
};

// A part of what an attempt's trainer has logged. `begin` counts bytes from the log's first.
struct LogPiece {
  AttemptName attempt;
  std::uint64_t begin = 0;
  std::string text;
  bool complete = false;  // the log has ended with it

  std::uint64_t end() const { return begin + text.size(); }
};

// Of one log: what lies before `begin` is not kept, and `through` is where the next piece may begin.
struct LogExtent {
  std::uint64_t begin = 0;
  std::uint64_t through = 0;
  bool complete = false;

  bool operator==(const LogExtent&) const = default;
};

// What is kept of each log: its newest bytes.
inline constexpr std::uint64_t kKeptLogBytes = std::uint64_t{1} << 20;

// What trainers have logged, in a database of its own, so that results never wait for it. A commit is not synced: with
// the machine the last seconds may be lost, which a worker that lives sends again; with the process nothing is. The
// file is opened by the first call that needs it, and anew after a failure, so that a damaged one can be taken away
// while the coordinator runs. Errors are those of ToStatus (sqlite_status.h). All methods may be called from any
// thread; each takes one lock, for no longer than its own reads and writes.
class LogStore {
 public:
  explicit LogStore(LogStoreOptions options);
  ~LogStore();

  // All of it or, on an error, nothing. What is stored already stays as it is, so a resend changes nothing; where a
  // piece begins behind what is stored, the bytes between are missing. Returns through which byte each log is stored
  // then: 0 for an empty piece of a log that there is not.
  absl::StatusOr<std::vector<std::uint64_t>> Append(std::span<const LogPiece> pieces);

  // None where nothing was ever stored, or nothing is kept.
  absl::StatusOr<std::optional<LogExtent>> Find(const AttemptName& attempt);
  // The first bytes that are kept from `begin` on, without a gap, at most `max_bytes`; none at its end.
  absl::StatusOr<LogPiece> Read(const AttemptName& attempt, std::uint64_t begin, std::size_t max_bytes);

  const std::string& path() const { return options_.path; }
  bool HasFile() const;

  // Each trial by its newest attempt: the logs of this and earlier ones go.
  absl::Status Remove(std::span<const AttemptName> trials);

 private:
  template <class Use>
  auto With(const Use& use) -> decltype(use(std::declval<DatabaseConnection&>()));
  DatabaseConnection* Open() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LogStoreOptions options_;
  absl::Mutex mutex_;
  std::unique_ptr<DatabaseConnection> connection_ ABSL_GUARDED_BY(mutex_);
  std::optional<FileIdentity> file_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ofsweep
