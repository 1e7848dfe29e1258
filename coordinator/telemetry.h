#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/clock.h"
#include "coordinator/coordinator_observer.h"
#include "coordinator/live_trials.h"

namespace ofsweep {

struct TelemetryOptions {
  std::string version;
  std::string revision;
};

// What is read when Prometheus scrapes, rather than kept up to date.
struct ServiceState {
  std::vector<SweepSummary> sweeps;
  std::vector<WorkerView> workers;
  std::uint64_t database_bytes = 0;
  std::uint64_t wal_bytes = 0;
  LiveTrials* live_trials = nullptr;
};

// Every metric of docs/metrics.md that the coordinator can tell, in a registry of its own: two servers in one
// process do not see each other. All methods may be called from any thread.
class Telemetry : public CoordinatorObserver {
 public:
  // `clock` must outlive it.
  Telemetry(const TelemetryOptions& options, const Clock& clock);

  void TrialFinished(const std::vector<std::string>& sweeps, TrialState outcome) override;
  void TrialRestarted(const std::vector<std::string>& sweeps, const std::string& reason) override;
  void LeaseExpired() override;
  void PointsStored(const PushCounts& counts) override;
  void PointsRejected(std::uint64_t points) override;

  // One write transaction of the store: "append", "change", "clear", "insert", "probe", "seal".
  void TransactionEnded(const std::string& op, double seconds);
  // A method that may be called: counted from zero, so that rate() and increase() see its first call.
  void KnowRpc(const std::string& method);
  // One call; `method` is like "ofsweep.v1.SweepService/SubmitSweep", `code` like "INVALID_ARGUMENT".
  void RpcEnded(const std::string& method, const std::string& code, double seconds);

  // The text exposition, of kExpositionContentType. Who looks, and how often, changes nothing that others see.
  std::string Scrape(const ServiceState& state);

 private:
  // Of sweeps that are not over: their counters exist from zero.
  void KnowSweeps(const std::vector<SweepSummary>& sweeps) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  prometheus::Registry registry_;
  absl::Mutex mutex_;
  std::set<std::string> known_sweeps_ ABSL_GUARDED_BY(mutex_);

  prometheus::Family<prometheus::Counter>& finished_;
  prometheus::Family<prometheus::Counter>& restarts_;
  prometheus::Counter& lease_expirations_;
  prometheus::Family<prometheus::Counter>& points_;
  prometheus::Counter& stored_;
  prometheus::Counter& duplicates_;
  prometheus::Counter& rejected_;
  prometheus::Counter& non_finite_;
  prometheus::Family<prometheus::Histogram>& transactions_;
  prometheus::Family<prometheus::Counter>& rpc_requests_;
  prometheus::Family<prometheus::Histogram>& rpc_durations_;
};

}  // namespace ofsweep
