#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "coordinator/coordinator_types.h"
#include "experiment/metric_point.h"

namespace ofsweep {

// The Prometheus series ofsweep_trial_*{trial_id=…} of live trials: the newest value of each curve. SQLite keeps the
// curves. Kept as plain values and made into series at each scrape: a registry's Remove is a linear scan, which at
// 100,000 series stops the service for a minute.
//
// Cardinality: trials × (layers × sites × statistics + 10 + evaluations after rounding + sweeps that hold it), and
// never more than `max_series`. Not thread-safe: Telemetry guards it.
class TrialSeries {
 public:
  // A finished trial is shown for `retention_ms`, however often anybody looks, unless live trials need the room.
  TrialSeries(std::size_t max_series, TimeMs retention_ms);
  ~TrialSeries();

  // Again after a restart or on another worker: that replaces the assignment.
  void Start(const TrialInfo& info, const std::string& worker, TimeMs now);
  // One more sweep holds a trial; nothing when it was not started.
  void Join(const std::string& trial_id, const SweepArm& sweep);

  // Shows the newest value of every series in `steps` (ascending) and when they came. Ignores trials that were not
  // started.
  void Report(const std::string& trial_id, const std::vector<StepPoints>& steps, TimeMs now);

  // No worker runs the trial any more, but it is not finished.
  void Unassign(const std::string& trial_id);

  // The trial reached a final state.
  void Finish(const std::string& trial_id, TimeMs now);

  // Appends all families. Live trials come first, as they were started; what is beyond `max_series` is counted in
  // ofsweep_trial_series_dropped_total, each series once.
  void Collect(TimeMs now, std::vector<prometheus::MetricFamily>& families);

 private:
  struct Live;
  struct Families;

  void RemoveOld(TimeMs now);
  void Show(Live& trial, std::size_t& room, Families& families);

  const std::size_t max_series_;
  const TimeMs retention_ms_;
  std::map<std::string, Live> trials_;
  std::uint64_t started_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace ofsweep
