// The commands that serve until a signal.

#include <unistd.h>

#include <spdlog/spdlog.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/login_link.h"
#include "coordinator/server.h"
#include "experiment/build_revision.h"
#include "worker/agent.h"

namespace ofsweep {

absl::Status ServeCoordinator(const CoordinatorCommandOptions& options, Streams streams) {
  Interrupt interrupt;
  auto server = Server::Start({.data_dir = options.data_dir,
                               .grpc = options.grpc,
                               .http = options.http,
                               .access = options.access,
                               .http_hosts = options.http_hosts,
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
  const auto coordinator = CoordinatorAddress(options.coordinator);
  if (!coordinator.ok()) return coordinator.status();
  const auto channel = DialCoordinator(*coordinator, WithEnvironment(options.caller), WorkerChannelArguments());
  if (!channel.ok()) return channel.status();
  Interrupt interrupt;
  auto agent = Agent::Create({.data_dir = options.data_dir, .http = options.http, .slots = options.slots}, *channel);
  if (!agent.ok()) return agent.status();
  streams.out << "ofsweep worker: id " << (*agent)->worker_id() << " coordinator " << *coordinator << " slots "
              << (*agent)->slots() << (options.http.empty() ? "" : " http ") << (*agent)->http_address() << " data "
              << options.data_dir << std::endl;
  return (*agent)->Run(interrupt.Token());
}

}  // namespace ofsweep
