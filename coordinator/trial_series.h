#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "coordinator/coordinator_types.h"
#include "experiment/metric_point.h"

namespace ofsweep {

// The Prometheus series ofsweep_trial_*{trial_id=…} of live trials: the newest value of each curve. SQLite keeps the
// curves.
//
// Cardinality: trials × (layers × sites × statistics + 10), and never more than `max_series`. Not thread-safe:
// Telemetry guards it.
class TrialSeries {
 public:
  TrialSeries(prometheus::Registry& registry, std::size_t max_series);
  ~TrialSeries();

  // Makes the trial's info series, whose `sweep` is the oldest of those that hold it, so that a join by trial_id is
  // one-to-one. Again after a restart or on another worker: that replaces the assignment.
  void Start(const TrialInfo& info, const std::string& worker);

  // Shows the newest value of every series in `steps` (ascending) and when they came, in seconds since 1970. Ignores
  // trials that were not started.
  void Report(const std::string& trial_id, const std::vector<StepPoints>& steps, double now_seconds);

  // No worker runs the trial any more, but it is not finished.
  void Unassign(const std::string& trial_id);

  // The trial reached a final state: its series go after three more scrapes.
  void Finish(const std::string& trial_id);

  void AfterScrape();

 private:
  struct Live;

  prometheus::Gauge* NewGauge(Live& trial, prometheus::Family<prometheus::Gauge>& family,
                              const prometheus::Labels& labels);
  prometheus::Gauge* GaugeOf(Live& trial, const Series& series);
  void RemoveGauge(Live& trial, prometheus::Gauge* gauge);
  void Remove(Live& trial);
  void RemoveFinished(const Live& except);

  const std::size_t max_series_;
  std::size_t series_ = 0;
  std::map<std::string, std::unique_ptr<Live>> trials_;

  prometheus::Family<prometheus::Gauge>& info_;
  prometheus::Family<prometheus::Gauge>& assignment_;
  prometheus::Family<prometheus::Gauge>& step_;
  prometheus::Family<prometheus::Gauge>& target_steps_;
  prometheus::Family<prometheus::Counter>& tokens_;
  prometheus::Family<prometheus::Gauge>& last_report_;
  prometheus::Family<prometheus::Gauge>& loss_;
  prometheus::Family<prometheus::Gauge>& gradient_norm_;
  prometheus::Family<prometheus::Gauge>& learning_rate_;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> statistics_;  // by metric: kurtosis, …
  prometheus::Counter& dropped_;
};

}  // namespace ofsweep
