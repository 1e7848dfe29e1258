#include "coordinator/telemetry.h"

#include <array>
#include <map>
#include <utility>

#include "monitoring/metric_families.h"
#include "monitoring/process_metrics.h"

namespace ofsweep {
namespace {

using prometheus::MetricFamily;

// From a group commit in the page cache to a disk that stalls.
const prometheus::Histogram::BucketBoundaries kTransactionSeconds = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03,
                                                                     0.1,    0.3,    1,     3,     10};
// From a heartbeat to a watch that lasts for a day.
const prometheus::Histogram::BucketBoundaries kRpcSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                             0.25,   0.5,   1,      2.5,   10,   60,    3600};

constexpr std::array kOutcomes = {TrialState::kCompleted, TrialState::kDiverged, TrialState::kFailed,
                                  TrialState::kCancelled};
// Of attempts that end without ending their trial; bad_config and bad_data end it.
constexpr std::array kRestartReasons = {FailureClass::kLost, FailureClass::kPreempted, FailureClass::kCrash,
                                        FailureClass::kOom,  FailureClass::kTimeout,   FailureClass::kOtherData};
constexpr std::array kTransactions = {"insert", "change", "append", "seal", "clear", "probe"};

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const std::string& name,
                                                  const std::string& help) {
  return prometheus::BuildCounter().Name("ofsweep_" + name).Help(help).Register(registry);
}

MetricFamily TrialCounts(const std::vector<SweepSummary>& sweeps) {
  MetricFamily family = GaugeFamily("trials", "Trials of each sweep by state.");
  for (const SweepSummary& sweep : sweeps) {
    for (const auto& [state, count] : sweep.counts) {
      AddSeries(family, {{"sweep", sweep.name}, {"state", std::string(Name(state))}}, static_cast<double>(count));
    }
  }
  return family;
}

// A worker has 0 slots while it shuts down: one that fell silent after saying so was stopped, and is not lost.
bool WasStopped(const WorkerView& worker) {
  return !worker.connected && worker.slots == 0 && worker.busy == 0;
}

std::string StateOf(const WorkerView& worker) {
  if (!worker.connected) return "lost";
  return worker.quarantine_reason.empty() ? "connected" : "quarantined";
}

void AppendWorkers(const std::vector<WorkerView>& workers, std::vector<MetricFamily>& families) {
  std::map<std::string, int> by_state = {{"connected", 0}, {"quarantined", 0}, {"lost", 0}};
  MetricFamily heartbeats = GaugeFamily("worker_heartbeat_timestamp_seconds", "When a worker was last heard of.");
  double unsent = 0;
  for (const WorkerView& worker : workers) {
    if (WasStopped(worker)) continue;
    ++by_state[StateOf(worker)];
    AddSeries(heartbeats, {{"worker", worker.worker_id}}, static_cast<double>(worker.last_seen) / 1000);
    if (worker.connected) unsent += static_cast<double>(worker.unsent_points);
  }
  MetricFamily count = GaugeFamily("workers", "Workers by state, as the coordinator sees them.");
  for (const auto& [state, number] : by_state) AddSeries(count, {{"state", state}}, number);
  MetricFamily waiting =
      GaugeFamily("unsent_points", "Points in the outboxes of all connected workers, as they last reported.");
  AddSeries(waiting, {}, unsent);
  families.push_back(std::move(count));
  families.push_back(std::move(heartbeats));
  families.push_back(std::move(waiting));
}

void AppendStorage(const ServiceState& state, std::vector<MetricFamily>& families) {
  MetricFamily database = GaugeFamily("db_bytes", "Size of the database file.");
  AddSeries(database, {}, static_cast<double>(state.database_bytes));
  MetricFamily wal = GaugeFamily("db_wal_bytes", "Size of the database's write-ahead log.");
  AddSeries(wal, {}, static_cast<double>(state.wal_bytes));
  families.push_back(std::move(database));
  families.push_back(std::move(wal));
}

}  // namespace

Telemetry::Telemetry(const TelemetryOptions& options, const Clock& clock)
    : clock_(clock),
      finished_(Counters(registry_, "trials_finished_total", "Trials that reached a final state.")),
      restarts_(Counters(registry_, "trial_restarts_total", "Attempts that ended without ending their trial.")),
      lease_expirations_(
          Counters(registry_, "lease_expirations_total", "Leases that no worker renewed in time.").Add({})),
      points_(Counters(registry_, "metric_points_total", "Points that workers sent, by what became of them.")),
      stored_(points_.Add({{"result", "stored"}})),
      duplicates_(points_.Add({{"result", "duplicate"}})),
      rejected_(points_.Add({{"result", "rejected"}})),
      non_finite_(
          Counters(registry_, "metric_points_non_finite_total", "Stored points that are NaN or infinite.").Add({})),
      transactions_(prometheus::BuildHistogram()
                        .Name("ofsweep_db_transaction_duration_seconds")
                        .Help("Time of a write transaction with its commit.")
                        .Register(registry_)),
      rpc_requests_(Counters(registry_, "rpc_requests_total", "Finished RPCs.")),
      rpc_durations_(prometheus::BuildHistogram()
                         .Name("ofsweep_rpc_duration_seconds")
                         .Help("Time from an RPC's arrival to its status.")
                         .Register(registry_)) {
  prometheus::BuildGauge()
      .Name("ofsweep_build_info")
      .Help("Version of the running coordinator, always 1.")
      .Register(registry_)
      .Add({{"version", options.version}, {"revision", options.revision}})
      .Set(1);
  for (const char* op : kTransactions) transactions_.Add({{"op", op}}, kTransactionSeconds);
}

void Telemetry::TrialFinished(const std::vector<std::string>& sweeps, TrialState outcome) {
  for (const std::string& sweep : sweeps) {
    finished_.Add({{"sweep", sweep}, {"outcome", std::string(Name(outcome))}}).Increment();
  }
}

void Telemetry::TrialRestarted(const std::vector<std::string>& sweeps, const std::string& reason) {
  for (const std::string& sweep : sweeps) restarts_.Add({{"sweep", sweep}, {"reason", reason}}).Increment();
}

void Telemetry::LeaseExpired() {
  lease_expirations_.Increment();
}

void Telemetry::PointsStored(const PushCounts& counts) {
  stored_.Increment(static_cast<double>(counts.stored));
  duplicates_.Increment(static_cast<double>(counts.duplicates));
  non_finite_.Increment(static_cast<double>(counts.non_finite));
}

void Telemetry::PointsRejected(std::uint64_t points) {
  rejected_.Increment(static_cast<double>(points));
}

void Telemetry::TransactionEnded(const std::string& op, double seconds) {
  transactions_.Add({{"op", op}}, kTransactionSeconds).Observe(seconds);
}

void Telemetry::KnowRpc(const std::string& method) {
  rpc_requests_.Add({{"method", method}, {"code", "OK"}});
  rpc_durations_.Add({{"method", method}}, kRpcSeconds);
}

void Telemetry::RpcEnded(const std::string& method, const std::string& code, double seconds) {
  rpc_requests_.Add({{"method", method}, {"code", code}}).Increment();
  rpc_durations_.Add({{"method", method}}, kRpcSeconds).Observe(seconds);
}

void Telemetry::KnowSweeps(const std::vector<SweepSummary>& sweeps) {
  for (const SweepSummary& sweep : sweeps) {
    const bool live = sweep.state == SweepState::kActive || sweep.state == SweepState::kPaused;
    if (!live || !known_sweeps_.insert(sweep.name).second) continue;
    for (const TrialState outcome : kOutcomes) {
      finished_.Add({{"sweep", sweep.name}, {"outcome", std::string(Name(outcome))}});
    }
    for (const FailureClass reason : kRestartReasons) {
      restarts_.Add({{"sweep", sweep.name}, {"reason", std::string(Name(reason))}});
    }
  }
}

std::string Telemetry::Scrape(const ServiceState& state) {
  std::vector<MetricFamily> families;
  {
    absl::MutexLock lock(&mutex_);
    KnowSweeps(state.sweeps);
    families = registry_.Collect();
  }
  if (state.live_trials != nullptr) state.live_trials->Collect(clock_.Now(), families);
  families.push_back(TrialCounts(state.sweeps));
  AppendWorkers(state.workers, families);
  AppendStorage(state, families);
  AppendProcessMetrics(families);
  return ToExposition(std::move(families));
}

}  // namespace ofsweep
