#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/clock.h"
#include "coordinator/coordinator_state.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/live_trials.h"
#include "storage/store.h"

namespace ofsweep {

// What people see of sweeps that a coordinator runs: what is stored of them, and live values. Every method may be
// called from any thread.
class SweepViews {
 public:
  // All must outlive it.
  SweepViews(CoordinatorState& state, Store& store, const Clock& clock, const LiveTrials& live)
      : state_(state), store_(store), clock_(clock), live_(live) {}

  // NotFound: unknown, or not stored yet.
  absl::StatusOr<SweepSummary> Summary(const std::string& sweep) const;
  // Oldest first.
  std::vector<SweepSummary> Summaries() const;
  // `finished_cursor` is none at first, then what the last call returned: at most so many finished trials at a time.
  // Who comes new hears of so many of the newest, and so does who was told before another sweep was deleted; 0 begins
  // with the first.
  absl::StatusOr<SweepProgress> Progress(const std::string& sweep, std::optional<std::uint64_t> finished_cursor,
                                         std::size_t most_finished);
  // Waits until something happened that Progress may show: `version` (0 at first) is then brought up to date and true
  // is returned; false at the deadline.
  bool WaitForChange(std::uint64_t& version, absl::Time deadline);

  // NotFound: unknown. Never null.
  absl::StatusOr<std::shared_ptr<const SweepSettings>> Settings(const std::string& sweep) const;
  // Why a trial is pending, in words; "" when it is not.
  std::string WaitingReason(const std::string& trial_id) const;
  std::vector<WorkerView> Workers() const;

 private:
  SweepSummary Summarize(SweepIndex sweep, TimeMs now) const ABSL_SHARED_LOCKS_REQUIRED(state_.log.mutex());
  absl::StatusOr<SweepIndex> Find(const std::string& sweep) const ABSL_SHARED_LOCKS_REQUIRED(state_.log.mutex());
  StepProgress StepsOf(SweepIndex sweep) const ABSL_SHARED_LOCKS_REQUIRED(state_.log.mutex());
  void AddRunning(SweepIndex sweep, SweepProgress& progress) const ABSL_SHARED_LOCKS_REQUIRED(state_.log.mutex());
  absl::Status AddLabels(const std::string& sweep, std::vector<RunningTrial>& running)
      ABSL_LOCKS_EXCLUDED(labels_mutex_);

  CoordinatorState& state_;
  Store& store_;
  const Clock& clock_;
  const LiveTrials& live_;

  // Of the trials that a sweep had running when it was last looked at, with the settings that it had then.
  using LabelsByTrial = absl::flat_hash_map<std::string, std::string>;
  struct KnownLabels {
    std::shared_ptr<const SweepSettings> settings;
    LabelsByTrial labels;
  };
  absl::Mutex labels_mutex_;
  absl::flat_hash_map<std::string, KnownLabels> labels_ ABSL_GUARDED_BY(labels_mutex_);
};

// As decided, not as stored: to be told when that is.
SweepSummary SummarizeDecided(const Scheduler& scheduler, const SweepRecord& sweep, TimeMs now);

}  // namespace ofsweep
