#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/clock.h"
#include "coordinator/log_hub.h"
#include "storage/log_store.h"
#include "storage/store.h"

namespace ofsweep {

struct LogOutcome {
  std::uint64_t stored_through = 0;
  bool unknown = false;  // the database has no such attempt
};

// Takes from workers what their trainers have logged. Whatever is wrong with the file costs logs alone: the worker is
// told, and the coordinator's own log says it, once in ten minutes. Every method may be called from any thread.
class LogIntake {
 public:
  // All must outlive it. `path` is of the logs' file, for people.
  LogIntake(LogStore& logs, Store& store, LogHub& hub, const Clock& clock, std::string path)
      : logs_(logs), store_(store), hub_(hub), clock_(clock), path_(std::move(path)) {}

  // One outcome for each piece, or an error and nothing is stored. Unavailable while too many others are stored.
  absl::StatusOr<std::vector<LogOutcome>> Take(std::vector<LogPiece> pieces);

  // Of trials that were deleted, each by its newest attempt. What a failure leaves goes with the next start.
  void Remove(std::span<const AttemptName> trials);

 private:
  absl::StatusOr<bool> IsKnown(const AttemptName& attempt);
  void Tell(const absl::Status& status);

  LogStore& logs_;
  Store& store_;
  LogHub& hub_;
  const Clock& clock_;
  const std::string path_;
  std::atomic<int> taking_ = 0;
  std::atomic<TimeMs> told_at_ = 0;  // 0: never
};

}  // namespace ofsweep
