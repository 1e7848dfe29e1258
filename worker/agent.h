#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/host.h"

namespace ofsweep {

struct AgentOptions {
  // Outbox, checkpoints, logs and data sets; made when missing. One agent at a time may use it.
  std::string data_dir = "ofsweep-data";
  // HOST:PORT for its own /metrics, /healthz and /readyz; port 0 takes a free one. Empty: none. The coordinator hears
  // of it, and lists it for Prometheus.
  std::string http;
  // Trials at once. 0: one for each GPU, or without a GPU one for each core that this process may use. More slots than
  // GPUs share the GPUs in turn; CPU cores are divided evenly.
  int slots = 0;
  // Empty: `ofsweep-trainer` beside the executable of this process.
  std::string trainer_path;
  // Folders beneath which trials may read the files that their sweeps name, absolute. Absent: what this user can read.
  std::optional<std::vector<std::string>> data_roots;
  // What the id begins with by which the coordinator knows this worker; the digits of the folder's key follow. Empty:
  // WorkerName(), and the id is kept in the folder.
  std::string worker_id;
  // From SIGTERM to SIGKILL. A trainer writes its checkpoint in this time; too short a time costs the steps since the
  // last one.
  std::chrono::milliseconds stop_grace{30'000};
  // When the agent stops: how long it waits, once its trainers have ended, for the coordinator to take the rest of the
  // points. What is left stays in the outbox for the next start.
  std::chrono::milliseconds drain_grace{10'000};
  // A trainer that neither prints nor logs for so long is taken to hang: its attempt fails with `timeout`.
  std::chrono::milliseconds silence_timeout{std::chrono::minutes{30}};
  // Longest pause between two calls while the coordinator is away; training goes on meanwhile.
  std::chrono::milliseconds max_backoff{5'000};
  // With less free space than this in data_dir, trainers are stopped before anything is lost, their attempts end as
  // preempted, and no slot is offered until twice as much is free.
  std::uint64_t min_free_bytes = kMinFreeBytes;
  // When others will end this process, as a batch system does at a job's wall time: it begins to stop in time for its
  // trainers' checkpoints (end_watch.h), and the coordinator starts nothing here that would be lost. Absent: never.
  std::optional<std::chrono::steady_clock::time_point> until;
  // It ends by itself when it has held nothing for so long (end_watch.h). Absent: it waits for ever.
  std::optional<std::chrono::milliseconds> exit_when_idle;
  // How often the free space is looked at; a trainer writes so long without being watched.
  std::chrono::milliseconds disk_check_every{1'000};
  // How often it is looked at whether trainers have logged more, for the coordinator to show.
  std::chrono::milliseconds push_logs_every{1'000};
  // A PushMetrics request is closed once it holds this many points: bounds memory, and the size of the coordinator's
  // transactions.
  std::size_t batch_points = 16'384;
};

// How an agent dials its coordinator (DialCoordinator).
grpc::ChannelArguments WorkerChannelArguments();

// The agent on a GPU host: asks the coordinator what to run (worker.proto), runs each trial as a process, keeps its
// points on disk until they are acknowledged, and reports how it ended. worker/DESIGN.md tells what is on disk when.
class Agent {
 public:
  // When it returns, HTTP answers. Errors: InvalidArgument for a malformed HTTP address, Unavailable for one in use,
  // FailedPrecondition when another agent uses data_dir, NotFound when there is no trainer, PermissionDenied or
  // ResourceExhausted when data_dir cannot be written; each says how to mend it.
  static absl::StatusOr<std::unique_ptr<Agent>> Create(AgentOptions options,
                                                       const std::shared_ptr<grpc::Channel>& channel);
  virtual ~Agent() = default;

  // Works until `stop` is requested: then the trainers get SIGTERM, write their checkpoints and are reported as
  // preempted, and outboxes are drained as far as the grace periods allow. So it ends by itself, too, when its time is
  // up or it has been idle for long; Unavailable where nobody had answered it meanwhile. Call once, on a thread that
  // lives as long as the call: trainers die with that thread (PR_SET_PDEATHSIG), so that a killed agent leaves none
  // behind.
  virtual absl::Status Run(std::stop_token stop) = 0;

  virtual const std::string& worker_id() const = 0;
  virtual int slots() const = 0;
  // With the port that is really listened on; "" without HTTP.
  virtual std::string http_address() const = 0;
};

}  // namespace ofsweep
