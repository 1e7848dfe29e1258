#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/coordinator_address.h"
#include "cli/rpc_error.h"
#include "ofsweep/v1/sweep.grpc.pb.h"
#include "worker/channel.h"

namespace ofsweep {

inline constexpr const char* kDefaultHttp = "127.0.0.1:7071";
inline constexpr const char* kDefaultDataDir = "ofsweep-data";

// Where a command finds its sweeps, as the user said it.
struct ConnectionOptions {
  std::optional<std::string> coordinator;  // HOST:PORT
  std::optional<std::string> data_dir;     // or a database file (DatabaseAt)
  CallerOptions caller = {};
};

// A way to SweepService: a coordinator elsewhere, or a service in this process over a data folder. One path for every
// command, so that what is shown never depends on which of the two it is.
class Connection {
 public:
  // `target` is HOST:PORT, "" in this process; `keep_alive` is whatever must live as long as the channel.
  Connection(std::shared_ptr<grpc::Channel> channel, std::string target, std::shared_ptr<void> keep_alive = nullptr);

  // With a coordinator named: that one. With only a data folder or a database file: its database, read only. With
  // neither: the coordinator that the environment names; where it names none, one at the default address when it
  // answers, else the default data folder where it has a database.
  static absl::StatusOr<Connection> Open(const ConnectionOptions& options);

  // The same for a command that changes or watches a sweep, which a database alone cannot do: Unavailable where there
  // is no coordinator, or one that has to be named, and then says which process it is.
  static absl::StatusOr<Connection> OpenToChange(const ConnectionOptions& options);

  // To a coordinator at HOST:PORT.
  static absl::StatusOr<Connection> Dial(const std::string& target, const CallerOptions& caller);

  v1::SweepService::Stub& stub() const { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& target() const { return target_; }

  // One unary RPC, with a deadline; its failure in a user's words.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                               Response*),
                                const Request& request) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromRpc(status, target_, changes_ ? Needs::kCoordinator : Needs::kDatabase);
    return response;
  }

  // Newest first.
  absl::StatusOr<std::vector<v1::Sweep>> ListSweeps(const std::vector<std::string>& tags = {}) const;

  // Every trial of a sweep in its order; only those in `states` unless it is empty.
  absl::StatusOr<std::vector<v1::Trial>> ListTrials(const std::string& sweep,
                                                    const std::vector<std::string>& states) const;

  // The id of which a user gave the beginning, as GetTrial reads it; what is as long as one is taken as it is. Of that
  // sweep, or of any for "".
  absl::StatusOr<std::string> WholeTrialId(const std::string& sweep, const std::string& beginning) const;

  // Calls `show` for every piece of a log; one that is followed goes on behind the last piece when a coordinator that
  // went away is back, as Watch does.
  absl::Status TailLog(v1::TailLogRequest request, const std::function<void(const v1::TailLogResponse&)>& show,
                       const std::function<void(const std::string&)>& lost, const std::stop_token& stop) const;

  // Calls `show` for every message of WatchSweep until the sweep has ended or `stop` is requested (Cancelled). A
  // coordinator elsewhere that goes away after the first message is waited for, which `lost` is told.
  absl::Status Watch(const std::string& sweep, const std::function<void(const v1::WatchSweepResponse&)>& show,
                     const std::function<void(const std::string&)>& lost, const std::stop_token& stop) const;

 private:
  static constexpr std::chrono::seconds kDeadline{300};

  std::shared_ptr<void> keep_alive_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SweepService::Stub> stub_;
  std::string target_;
  bool changes_ = false;  // it was opened to
};

}  // namespace ofsweep
