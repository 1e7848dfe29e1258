#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "ofsweep/v1/worker.pb.h"
#include "tests/simulation/simulated_call_loop.h"
#include "tests/simulation/simulated_trainer.h"
#include "tests/simulation/timeline.h"
#include "tests/simulation/training_log.h"
#include "worker/agent.h"
#include "worker/point_forwarder.h"
#include "worker/supervisor.h"

namespace ofsweep {

// One process of an agent: the real Supervisor with its attempts, outboxes and Reconcile, and the real PointForwarder,
// on a folder of its own. Simulated are its trainers, its calls and its clock, and of worker/agent.cc what holds them
// together. To destroy it is kill -9; what is in the folder stays.
class SimulatedWorker : public std::enable_shared_from_this<SimulatedWorker> {
 public:
  using SynchronizeLoop = SimulatedCallLoop<v1::SynchronizeRequest, v1::SynchronizeResponse>;
  using PushLoop = SimulatedCallLoop<v1::PushMetricsRequest, v1::PushMetricsResponse>;

  struct Surroundings {
    Timeline& timeline;
    TrainingLog& log;
    const bool& is_chaos;
    const Corpora& corpora;
    std::function<void(const v1::SynchronizeRequest&, SynchronizeLoop::Done)> synchronize;
    std::function<void(const v1::PushMetricsRequest&, PushLoop::Done)> push;
    std::function<void(std::string)> violation;
  };

  // `options` need worker_id, data_dir and slots.
  SimulatedWorker(AgentOptions options, bool has_cuda, Surroundings surroundings);
  ~SimulatedWorker();

  void Start();
  // SIGTERM: from now on it offers no slots, and its trainers end.
  void ShutDown();
  // Likewise in so long, which it tells the coordinator.
  void ShutDownIn(TimeMs delay);
  bool has_shut_down() const { return shutting_down_ && !supervisor_->any_alive(); }
  // Holds nothing any more.
  bool is_empty() const { return supervisor_->empty(); }

 private:
  void Soon(std::function<void()> action);
  void Poll();
  void Hang(const AttemptName& name);
  v1::SynchronizeRequest State() const;
  std::optional<std::chrono::milliseconds> Follow(const v1::SynchronizeResponse& told);

  AgentOptions options_;
  const bool has_cuda_;
  const Surroundings around_;
  const std::string folder_;
  std::string database_id_;
  bool shutting_down_ = false;
  std::optional<TimeMs> stops_at_;
  TrainerHost host_;
  boost::asio::io_context io_{1};
  WorkerMetrics metrics_{{}};
  std::shared_ptr<SynchronizeLoop> synchronize_;
  std::shared_ptr<PushLoop> push_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<PointForwarder> points_;
};

}  // namespace ofsweep
