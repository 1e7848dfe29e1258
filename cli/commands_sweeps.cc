// The commands that change or list sweeps.

#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/fleet_text.h"
#include "cli/submission.h"
#include "cli/sweep_text.h"
#include "cli/trial_text.h"

namespace ofsweep {
namespace {

using Stub = v1::SweepService::Stub;

// Protobuf's own JSON mapping, with the field names of sweep.proto.
nlohmann::ordered_json ToProtoJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) throw std::runtime_error("cannot write JSON: " + std::string(status.message()));
  return nlohmann::ordered_json::parse(text);
}

void PrintState(const v1::Sweep& sweep, std::ostream& out) {
  out << "sweep " << sweep.name() << " is " << sweep.state() << ": " << DescribeCounts(sweep.trials()) << "\n";
}

// Makes one call that changes a sweep's state, and says how the sweep stands then.
template <class Request, class Response>
absl::Status Change(const SweepOptions& options,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), std::ostream& out) {
  auto connection = Connection::OpenToChange(options.connection);
  if (!connection.ok()) return connection.status();
  v1::GetSweepRequest get;
  get.set_name(options.sweep);
  const auto before = connection->Call(&Stub::GetSweep, get);
  if (!before.ok()) return before.status();
  Request request;
  request.set_name(options.sweep);
  const auto response = connection->Call(method, request);
  if (!response.ok()) return response.status();
  if (response->sweep().state() == before->sweep().state()) out << "nothing was changed: ";
  PrintState(response->sweep(), out);
  return absl::OkStatus();
}

absl::StatusOr<v1::SubmitSweepResponse> SubmitTo(const SubmitOptions& options, const SpecFile& file,
                                                 std::ostream& log) {
  auto connection = Connection::OpenToChange(options.connection);
  if (!connection.ok()) return connection.status();
  v1::SubmitSweepRequest request = MakeSubmission(file, {.fresh = options.fresh}, log);
  request.set_validate_only(options.validate_only);
  return connection->Call(options.update ? &Stub::UpdateSweep : &Stub::SubmitSweep, request);
}

absl::Status ShowTrial(const ShowOptions& options, const Connection& connection, std::ostream& out) {
  v1::GetTrialRequest request;
  request.set_sweep(options.sweep);
  request.set_trial_id(options.trial);
  const auto response = connection.Call(&Stub::GetTrial, request);
  if (!response.ok()) return response.status();
  out << (options.json ? ToProtoJson(*response).dump(2) + "\n" : RenderTrial(*response));
  return absl::OkStatus();
}

}  // namespace

absl::Status Submit(const SubmitOptions& options, Streams streams) {
  const auto file = ReadSpecFile(options.spec, options.set);
  if (!file.ok()) return file.status();
  if (absl::Status tokens = CheckTokens(*file); !tokens.ok()) return tokens;
  const ConnectionOptions& where = options.connection;
  const bool alone = options.validate_only && !options.update && where.data_dir && !where.coordinator;
  const auto response = alone ? Validate(*file, streams.err) : SubmitTo(options, *file, streams.err);
  if (!response.ok()) return response.status();
  if (options.json) {
    streams.out << ToProtoJson(*response).dump(2) << "\n";
  } else {
    streams.out << DescribeSubmission(*response, CombinationsOf(*file), options.validate_only, where);
  }
  return absl::OkStatus();
}

absl::Status ListSweeps(const ListOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  const auto sweeps = connection->ListSweeps(options.tags);
  if (!sweeps.ok()) return sweeps.status();
  if (!options.json) {
    streams.out << RenderSweeps(*sweeps);
    return absl::OkStatus();
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const v1::Sweep& sweep : *sweeps) list.push_back(ToProtoJson(sweep));
  streams.out << list.dump(2) << "\n";
  return absl::OkStatus();
}

absl::Status ShowSweep(const ShowOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  if (!options.trial.empty()) return ShowTrial(options, *connection, streams.out);
  v1::GetSweepRequest request;
  request.set_name(options.sweep);
  const auto response = connection->Call(&Stub::GetSweep, request);
  if (absl::IsNotFound(response.status())) {
    const ShowOptions trial{.connection = options.connection, .trial = options.sweep, .json = options.json};
    const absl::Status shown = ShowTrial(trial, *connection, streams.out);
    return absl::IsNotFound(shown) ? response.status() : shown;
  }
  if (!response.ok()) return response.status();
  const auto trials = connection->ListTrials(options.sweep, {});
  if (!trials.ok()) return trials.status();
  if (!options.json) {
    streams.out << RenderSweep(response->sweep(), *trials);
    return absl::OkStatus();
  }
  nlohmann::ordered_json document = {{"sweep", ToProtoJson(response->sweep())},
                                     {"trials", nlohmann::ordered_json::array()}};
  for (const v1::Trial& trial : *trials) document["trials"].push_back(ToProtoJson(trial));
  streams.out << document.dump(2) << "\n";
  return absl::OkStatus();
}

absl::Status ShowWorkers(const WorkersOptions& options, Streams streams) {
  auto connection = Connection::OpenToChange(options.connection);  // of workers no database knows
  if (!connection.ok()) return connection.status();
  const auto response = connection->Call(&Stub::ListWorkers, v1::ListWorkersRequest());
  if (!response.ok()) return response.status();
  streams.out << (options.json ? ToProtoJson(*response).dump(2) + "\n" : RenderWorkers(*response, options.connection));
  return absl::OkStatus();
}

absl::Status Cancel(const SweepOptions& options, Streams streams) {
  return Change(options, &Stub::CancelSweep, streams.out);
}

absl::Status Pause(const SweepOptions& options, Streams streams) {
  return Change(options, &Stub::PauseSweep, streams.out);
}

absl::Status Resume(const SweepOptions& options, Streams streams) {
  return Change(options, &Stub::ResumeSweep, streams.out);
}

absl::Status Remove(const RemoveOptions& options, Streams streams) {
  auto connection = Connection::OpenToChange(options.connection);
  if (!connection.ok()) return connection.status();
  v1::GetSweepRequest known;
  known.set_name(options.sweep);
  const auto sweep = connection->Call(&Stub::GetSweep, known);
  if (!sweep.ok()) return sweep.status();
  if (!options.yes) {
    const std::string what = absl::StrCat("sweep ", options.sweep, " (", DescribeCounts(sweep->sweep().trials()), ")");
    if (isatty(STDIN_FILENO) == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("not deleted: ", what, "; what is deleted is gone for good, so confirm it with --yes"));
    }
    streams.err << "delete " << what << " with its points, logs and checkpoints? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "yes") return absl::CancelledError("nothing was deleted");
  }
  v1::DeleteSweepRequest request;
  request.set_name(options.sweep);
  const auto response = connection->Call(&Stub::DeleteSweep, request);
  if (!response.ok()) return response.status();
  streams.out << "sweep " << options.sweep << " is deleted with " << DescribeSize(response->deleted_trials(), 0);
  if (response->shared_trials() > 0) {
    streams.out << "; " << response->shared_trials() << " that other sweeps hold stay";
  }
  streams.out << "\n";
  return absl::OkStatus();
}

absl::Status Retry(const RetryOptions& options, Streams streams) {
  auto connection = Connection::OpenToChange(options.connection);
  if (!connection.ok()) return connection.status();
  v1::RetryTrialsRequest request;
  request.set_sweep(options.sweep);
  for (const std::string& trial : options.trials) {
    auto id = connection->WholeTrialId(options.sweep, trial);
    if (!id.ok()) return id.status();
    request.add_trial_ids(*std::move(id));
  }
  const auto response = connection->Call(&Stub::RetryTrials, request);
  if (!response.ok()) return response.status();
  if (response->retried() == 0) streams.out << "no trial had failed; ";
  PrintState(response->sweep(), streams.out);
  return absl::OkStatus();
}

}  // namespace ofsweep
