#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/channel.h>

#include "absl/status/statusor.h"
#include "coordinator/server_access.h"
#include "storage/store.h"

namespace ofsweep {

struct ServerOptions {
  std::string data_dir = "./ofsweep-data";  // holds ofsweep.db; made when missing
  std::string grpc = "127.0.0.1:7070";      // HOST:PORT; port 0 takes a free one
  std::string http = "127.0.0.1:7071";      // the same for Connect, /metrics, /sd/workers, /healthz and /readyz
  bool http_or_next_port = false;           // where the port of `http` is in use, one of those behind it
  AccessOptions access = {};
  // Names of this machine that browsers may use, besides localhost, its addresses and its host name.
  std::vector<std::string> http_hosts = {};
  Durability durability = Durability::kFull;
  std::string only_sweep = {};                       // trials of this sweep alone start; empty: of every sweep
  double lease_seconds = 30;                         // a worker that was silent for so long loses its trials
  int max_request_bytes = 16 * 1024 * 1024;          // a larger message is refused with RESOURCE_EXHAUSTED
  std::uint64_t max_trials_per_caller = 10'000'000;  // that wait or run; a sweep that would bring more is refused
  std::size_t max_trial_series = 100'000;            // Prometheus series of trials; further ones are counted, not shown
  double metrics_retention_seconds = 300;            // how long a finished trial's series stay in /metrics
  std::uint64_t max_log_bytes = std::uint64_t{256} << 20;  // of all that trainers log; the oldest logs go
  std::string revision = "unknown";                        // of the program
  std::string on_sweep_end = {};                           // a shell command (SweepEndCommand); empty: none
};

// The whole coordinator in one object: store, scheduler, both gRPC services with health checking and reflection, and
// HTTP.
class Server {
 public:
  // When it returns, everything answers. FailedPrecondition: the data folder cannot be used, or holds what is no
  // database or a newer one; Unavailable: an address is in use, or another coordinator has the data folder. Each
  // message says how to mend it.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // A finished (or abandoned) database without a coordinator: only InProcessChannel() works, and only reading RPCs; the
  // others answer UNAVAILABLE. Works beside a running coordinator. `data_dir` as DatabaseAt takes it; trainers' logs
  // are those of a folder alone. NotFound: there is no such database.
  static absl::StatusOr<std::unique_ptr<Server>> OpenOffline(const std::string& data_dir);

  // Shuts down, if that was not done.
  virtual ~Server() = default;

  // HOST:PORT as given, with the port that is really listened on.
  virtual std::string grpc_address() const = 0;
  virtual std::string http_address() const = 0;
  virtual std::string database_id() const = 0;  // "" without a coordinator

  // Both services without a socket. Usable until Shutdown.
  virtual std::shared_ptr<grpc::Channel> InProcessChannel() = 0;

  // Takes no more calls, ends streams with UNAVAILABLE, lets running calls finish (after 5 s they are cancelled), and
  // closes the store when every pending commit is done.
  virtual void Shutdown() = 0;
};

}  // namespace ofsweep
