#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "experiment/trainer_event.h"
#include "worker/host.h"

namespace ofsweep {

// The metrics of docs/metrics.md that a worker tells of itself. All methods may be called from any thread.
class WorkerMetrics {
 public:
  explicit WorkerMetrics(std::vector<Gpu> gpus);

  // What one of its trainers has spent its time on. A trainer tells how often and how long in all, so each time counts
  // with the mean.
  void Observe(const std::vector<PhaseTime>& phases);
  void SetUnsentPoints(std::uint64_t points) { unsent_points_ = points; }

  // The text exposition, of kExpositionContentType.
  std::string Scrape() const;

 private:
  const std::vector<Gpu> gpus_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& step_durations_;
  std::atomic<std::uint64_t> unsent_points_ = 0;
};

}  // namespace ofsweep
