#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/coordinator_types.h"
#include "experiment/point_columns.h"

namespace prometheus {
struct MetricFamily;
}

namespace ofsweep {

struct LiveTrialsOptions {
  // Series of trials beyond this many are left out and counted in ofsweep_trial_series_dropped_total.
  std::size_t max_series = 100'000;
  // How long a finished trial's series stay, however often anybody looks, unless live trials need the room.
  TimeMs retention_ms = 300'000;
};

// The newest value of each curve of the trials that run, for whoever watches them and for Prometheus, whose series
// ofsweep_trial_*{trial_id=…} are made at each scrape: a registry's Remove is a linear scan, which at 100,000 series
// stops the service for a minute. Not stored: after a restart values come with the next points. All methods may be
// called from any thread.
//
// Cardinality: trials × (layers × sites × statistics + 10 + evaluations after rounding + sweeps that hold it), and
// never more than `max_series`.
class LiveTrials {
 public:
  explicit LiveTrials(const LiveTrialsOptions& options);
  ~LiveTrials();

  // Again after a restart or on another worker: that replaces the assignment.
  void Start(const TrialInfo& info, const std::string& worker, TimeMs now) ABSL_LOCKS_EXCLUDED(mutex_);
  // One more sweep holds a trial; nothing when it was not started.
  void Join(const std::string& trial_id, const SweepArm& sweep) ABSL_LOCKS_EXCLUDED(mutex_);
  // No worker runs the trial any more, but it is not finished.
  void Unassign(const std::string& trial_id) ABSL_LOCKS_EXCLUDED(mutex_);
  // The trial reached a final state.
  void Finish(const std::string& trial_id, TimeMs now) ABSL_LOCKS_EXCLUDED(mutex_);

  // The attempt's points are stored. Steps older than the newest one that it has shown change nothing.
  void Show(const std::string& trial_id, const PointColumns& points, TimeMs now) ABSL_LOCKS_EXCLUDED(mutex_);
  // It would have shown more different series than `most` with these.
  bool HasTooMany(const std::string& trial_id, const std::vector<Series>& further, std::size_t most) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The newest line that its attempt has logged. True where that is news: it has shown no points yet.
  bool ShowDoing(const std::string& trial_id, std::string line) ABSL_LOCKS_EXCLUDED(mutex_);
  // What its attempt has shown so far is no part of the next one's speed.
  void EndAttempt(const std::string& trial_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Those that are shown for that sweep.
  std::vector<std::string> TrialsOf(const std::string& sweep) const ABSL_LOCKS_EXCLUDED(mutex_);
  LiveValues Get(const std::string& trial_id) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Appends all families. Live trials come first, as they were started; what is beyond `max_series` is counted, each
  // series once. Each trial is copied by itself and rendered without the lock: points wait for none of it.
  void Collect(TimeMs now, std::vector<prometheus::MetricFamily>& families) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Shown;
  struct Trial;
  struct Families;

  void RemoveOld(TimeMs now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // As Collect shows them.
  std::vector<std::string> InOrder(TimeMs now) ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<Shown> Copy(const std::string& trial_id) const ABSL_LOCKS_EXCLUDED(mutex_);
  void CountLeftOut(const std::string& trial_id, std::size_t left_out) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns for how many of its series there was no room.
  static std::size_t Render(const Shown& trial, std::size_t& room, Families& families);

  const LiveTrialsOptions options_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Trial> trials_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::pair<TimeMs, std::string>> finished_ ABSL_GUARDED_BY(mutex_);  // when, in that order, and which
  std::uint64_t started_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ofsweep
