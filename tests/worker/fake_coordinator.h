#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <grpcpp/server.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "ofsweep/v1/worker.grpc.pb.h"
#include "worker/reconcile.h"

namespace ofsweep {

// What was pushed of a log, its newest part without a gap.
struct FakeLog {
  std::uint64_t begin = 0;
  std::string text;
  bool complete = false;
};

// What the fake coordinator was told, and what it wants. Survives Stop() and Start(), as a database would.
struct FakeCoordinatorState {
  using PointKey = std::tuple<std::uint64_t, std::string, std::uint32_t, std::string>;  // step, metric, layer + 1, site

  std::string database_id = "d1";
  std::uint64_t incarnation = 1;
  std::vector<v1::Start> wanted;                        // that shall run or be run
  std::map<std::string, std::string> keep_checkpoints;  // of trials that are over, told when an attempt is forgotten

  std::set<AttemptName> fenced;   // their points are not stored
  std::set<std::string> refused;  // trials whose points are invalid

  v1::SynchronizeRequest last_report;
  std::uint64_t reports = 0;
  std::set<std::string> worker_ids;
  std::map<AttemptName, v1::Running> running;  // as last reported
  std::map<AttemptName, v1::Begun> begun;
  std::map<AttemptName, v1::Ended> ended;
  std::map<AttemptName, std::size_t> points_at_end;          // stored of the trial when its end was reported
  std::map<std::string, std::map<PointKey, double>> points;  // by trial
  std::map<std::string, std::uint64_t> curve_generation;     // by trial: whose its newest points are
  std::uint64_t duplicates = 0;
  std::map<AttemptName, FakeLog> logs;
  grpc::StatusCode log_answer = grpc::StatusCode::OK;
  std::uint64_t log_pushes = 0;
  std::size_t most_running = 0;

  bool Ended(const std::string& trial_id, std::uint64_t generation = 1) const {
    return ended.contains({trial_id, generation});
  }
  std::uint64_t StoredThrough(const std::string& trial_id) const {
    const auto entry = points.find(trial_id);
    std::uint64_t step =
        entry == points.end() || entry->second.empty() ? 0 : std::get<0>(entry->second.rbegin()->first);
    for (const auto& [name, end] : ended) {
      if (name.trial_id == trial_id && name.generation == CurveGeneration(trial_id)) step = std::max(step, end.step());
    }
    return step;
  }
  std::uint64_t CurveGeneration(const std::string& trial_id) const {
    const auto entry = curve_generation.find(trial_id);
    return entry == curve_generation.end() ? 0 : entry->second;
  }
  void Continue(const AttemptName& name) {
    std::uint64_t& generation = curve_generation[name.trial_id];
    generation = std::max(generation, name.generation);
  }
  std::size_t Points(const std::string& trial_id) const {
    const auto entry = points.find(trial_id);
    return entry == points.end() ? 0 : entry->second.size();
  }
};

// What its starts of an attempt tell.
std::string SecretOf(const std::string& trial_id, std::uint64_t generation);

// A WorkerService that keeps everything in memory, over real gRPC. Whatever is said of an attempt must come with its
// secret, and every call under an id that the worker's key proves.
class FakeCoordinator : public v1::WorkerService::Service {
 public:
  FakeCoordinator() { Start(); }
  ~FakeCoordinator() override { Stop(); }

  // On a free port at first, on the same one later.
  void Start();
  void Stop();
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // `script` is the JSON of scripted_trainer.py's actions.
  void Assign(const std::string& trial_id, const std::string& script, std::uint64_t generation = 1,
              std::uint32_t attempt = 0, bool keep_all_checkpoints = false);
  // It shall run no more.
  void Withdraw(const std::string& trial_id);
  void Change(const std::function<void(FakeCoordinatorState&)>& change);
  FakeCoordinatorState state();
  // False when the condition did not come true within half a minute.
  bool WaitUntil(const std::function<bool(const FakeCoordinatorState&)>& condition);

  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest* request,
                           v1::SynchronizeResponse* response) override;
  grpc::Status PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest* request,
                           v1::PushMetricsResponse* response) override;
  grpc::Status PushLog(grpc::ServerContext*, const v1::PushLogRequest* request, v1::PushLogResponse* response) override;

 private:
  void Store(const v1::TrialPoints& trial, v1::PushResult& result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  FakeCoordinatorState state_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace ofsweep
