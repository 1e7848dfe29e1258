// The commands that serve until a signal.

#include <sys/resource.h>
#include <unistd.h>
#include <chrono>
#include <cmath>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/job_end.h"
#include "cli/login_link.h"
#include "cli/worker_data_roots.h"
#include "coordinator/server.h"
#include "experiment/build_revision.h"
#include "worker/agent.h"

namespace ofsweep {
namespace {

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(1000 * seconds));
}

// A connection is a file, and gRPC's port does not recover from having had none left.
void AllowAsManyFilesAsMayBe() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

absl::Status ServeCoordinator(const CoordinatorCommandOptions& options, Streams streams) {
  AllowAsManyFilesAsMayBe();
  Interrupt interrupt;
  auto server = Server::Start({.data_dir = options.data_dir,
                               .grpc = options.grpc,
                               .http = options.http,
                               .access = options.access,
                               .http_hosts = options.http_hosts,
                               .max_trials_per_caller = options.max_trials_per_caller,
                               .metrics_retention_seconds = options.metrics_retention_seconds,
                               .max_log_bytes = options.max_log_bytes,
                               .revision = std::string(BuildRevision()),
                               .on_sweep_end = options.on_sweep_end});
  if (!server.ok()) return server.status();
  streams.out << "ofsweep coordinator: grpc " << (*server)->grpc_address() << " http " << (*server)->http_address()
              << " data " << options.data_dir
              << "\nthe page: " << PageAddress(**server, options.access, ::isatty(STDOUT_FILENO) == 1) << std::endl;
  interrupt.Wait();
  spdlog::info("stopping");
  (*server)->Shutdown();
  return absl::OkStatus();
}

absl::Status ServeWorker(const WorkerCommandOptions& options, Streams streams) {
  const Interrupt interrupt(Signals::kOfABatchSystem);
  const auto coordinator = CoordinatorAddress(options.coordinator);
  if (!coordinator.ok()) return coordinator.status();
  const auto data_roots = WorkerDataRoots(options.data_roots, *coordinator);
  if (!data_roots.ok()) return data_roots.status();
  const auto until = WorkerDeadline(options.until);
  if (!until.ok()) return until.status();
  const auto channel = DialCoordinator(*coordinator, WithEnvironment(options.caller), WorkerChannelArguments());
  if (!channel.ok()) return channel.status();
  AgentOptions agent_options{.data_dir = options.data_dir,
                             .http = options.http,
                             .slots = options.slots,
                             .data_roots = *data_roots,
                             .stop_grace = Milliseconds(options.stop_grace),
                             .until = *until};
  if (options.exit_when_idle) agent_options.exit_when_idle = Milliseconds(*options.exit_when_idle);
  auto agent = Agent::Create(std::move(agent_options), *channel);
  if (!agent.ok()) return agent.status();
  streams.out << "ofsweep worker: id " << (*agent)->worker_id() << " coordinator " << *coordinator << " slots "
              << (*agent)->slots() << (options.http.empty() ? "" : " http ") << (*agent)->http_address() << " data "
              << options.data_dir << std::endl;
  spdlog::info("trials may read files beneath {}",
               data_roots->empty() ? "no folder" : absl::StrJoin(*data_roots, ", "));
  return (*agent)->Run(interrupt.Token());
}

}  // namespace ofsweep
