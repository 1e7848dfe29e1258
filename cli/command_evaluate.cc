#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/checkpoint_text.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/program.h"
#include "coordinator/server.h"
#include "experiment/data_folder.h"
#include "experiment/quantisation_bits.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using Stub = v1::SweepService::Stub;

// What one run of the trainer measured of a checkpoint, nats a token.
struct Losses {
  double unrounded = 0;
  std::map<std::string, double> by_bits;  // "w8a4" → 3.12
};

std::string LossMetric(const std::string& bits) {
  return bits + "_loss";
}

absl::Status CheckBits(const std::vector<std::string>& bits) {
  const auto list = ParseValue(*FindTrialKey("evaluate.bits"), bits);
  return list.ok() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat("--bits: ", list.status().message()));
}

// The coordinator that is named, or one in this process over the folder's own database.
absl::StatusOr<Connection> OpenStore(const EvaluateOptions& options) {
  const auto given = CoordinatorOfEnvironment();
  if (!given.ok()) return given.status();
  if (options.coordinator || *given || !fs::exists(DatabasePath(options.data_dir))) {
    return Connection::Open(
        {.coordinator = options.coordinator ? *options.coordinator : given->value_or(kDefaultCoordinator),
         .caller = options.caller});
  }
  auto server = Server::Start({.data_dir = options.data_dir, .grpc = "127.0.0.1:0", .http = "127.0.0.1:0"});
  if (absl::IsUnavailable(server.status())) {
    return absl::UnavailableError(absl::StrCat(server.status().message(), "; or name it: --coordinator HOST:PORT"));
  }
  if (!server.ok()) return server.status();
  std::shared_ptr<Server> shared = *std::move(server);
  auto channel = shared->InProcessChannel();
  return Connection(std::move(channel), "", std::move(shared));
}

// Which of `bits` each trial has stored already.
absl::StatusOr<std::map<std::string, std::set<std::string>>> Stored(const Connection& connection,
                                                                    const std::string& sweep,
                                                                    const std::vector<std::string>& bits) {
  v1::QueryCurvesRequest request;
  request.set_sweep(sweep);
  for (const std::string& name : bits) request.add_metrics(LossMetric(name));
  grpc::ClientContext context;
  const auto stream = connection.stub().QueryCurves(&context, request);
  std::map<std::string, std::set<std::string>> stored;
  for (v1::QueryCurvesResponse message; stream->Read(&message);) {
    for (const v1::Curve& curve : message.curves()) stored[curve.trial_id()].insert(curve.metric());
  }
  if (const grpc::Status status = stream->Finish(); !status.ok()) return FromRpc(status, connection.target());
  return stored;
}

// What the trainer's events say of the checkpoint as it is and of each of `bits`.
absl::StatusOr<Losses> ReadLosses(const std::string& file, const std::vector<std::string>& bits) {
  std::map<std::string, double> values;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto event = ParseTrainerEvent(line);
    if (!event.ok()) return event.status();
    const auto* points = std::get_if<PointsEvent>(&*event);
    if (points == nullptr) continue;
    for (const MetricPoint& point : points->points.points) values[point.series.metric] = point.value;
  }
  std::vector<std::string> metrics = {"eval_loss"};
  for (const std::string& name : bits) metrics.push_back(LossMetric(name));
  for (const std::string& metric : metrics) {
    if (!values.contains(metric)) return absl::InternalError(absl::StrCat("the trainer did not print ", metric));
  }
  Losses losses{.unrounded = values["eval_loss"], .by_bits = {}};
  for (const std::string& name : bits) losses.by_bits[name] = values[LossMetric(name)];
  return losses;
}

absl::Status Missing(const fs::path& file, const v1::Trial& trial) {
  return absl::NotFoundError(absl::StrCat(file.string(), " is missing; give --data-dir of the worker that trained it",
                                          trial.worker().empty() ? "" : absl::StrCat(" (", trial.worker(), ")"),
                                          "; of a sweep that says keep.checkpoints: none there is none"));
}

// What the trainer said itself counts, then how the kernel says that it ended.
absl::Status WhyItFailed(int end, const std::string& out, const std::string& err) {
  if (const auto message = ReportedFailure(out)) return absl::AbortedError(*message);
  const std::string last = LastLine(err);
  return absl::AbortedError(absl::StrCat("ofsweep-trainer ", DescribeEnd(end),
                                         end == -SIGKILL ? "; is memory short?" : " without saying why",
                                         last.empty() ? "" : absl::StrCat("; it logged last: ", last)));
}

// Runs the trainer on the trial's last checkpoint, until it has ended or `stop` is requested.
absl::StatusOr<Losses> EvaluateTrial(const std::string& data_dir, const v1::Trial& trial,
                                     const std::vector<std::string>& bits, const std::stop_token& stop) {
  const std::string folder = TrialPath(data_dir, trial.trial_id());
  const std::string checkpoint = CheckpointPath(folder, trial.target_steps());
  if (!fs::exists(checkpoint)) {
    if (WritesCheckpoints(trial)) return Missing(checkpoint, trial);
    return absl::FailedPreconditionError(
        "it was trained with train.checkpoint_every: 0 and has left no checkpoint; train it again with auto there, in "
        "another --data-dir, because in this one it is completed");
  }
  if (!fs::exists(TrialConfigPath(folder))) return Missing(TrialConfigPath(folder), trial);
  const UnnamedFile output, log;
  const std::string out = output.path(), err = log.path();
  const std::string cache = fs::absolute(DatasetsFolder(data_dir));
  const std::string trainer = ExecutableFolder() + "/ofsweep-trainer";
  const auto end = RunProgram({trainer, "evaluate", "--config", TrialConfigPath(folder), "--checkpoint", checkpoint,
                               "--as-trained", "--bits", absl::StrJoin(bits, ","), "--cache", cache},
                              {.out = out, .err = err}, stop);
  if (!end.ok()) return end.status();
  if (*end != 0) return WhyItFailed(*end, out, err);
  return ReadLosses(out, bits);
}

absl::Status StoreLosses(const Connection& connection, const std::string& sweep, const std::string& trial_id,
                         const Losses& losses) {
  v1::AddEvaluationsRequest request;
  request.set_sweep(sweep);
  for (const auto& [bits, loss] : losses.by_bits) {
    auto* added = request.add_evaluations();
    added->set_trial_id(trial_id);
    added->set_bits(bits);
    added->set_loss(loss);
    added->set_unrounded_loss(losses.unrounded);
  }
  return connection.Call(&Stub::AddEvaluations, request).status();
}

// "perplexity 20.89, w8a4 27.1, calibrated on 16 batches of 8".
std::string Describe(const v1::Trial& trial, const Losses& losses) {
  std::string text = absl::StrCat("perplexity ", FormatNumber(std::exp(losses.unrounded)));
  for (const auto& [bits, loss] : losses.by_bits) {
    absl::StrAppend(&text, ", ", bits, " ", FormatNumber(std::exp(loss)));
  }
  const auto key = [&trial](const char* name) { return trial.config().fields().at(name).number_value(); };
  absl::StrAppend(&text, ", calibrated on ", key("evaluate.int8_calibration_batches"), " batches of ",
                  key("evaluate.int8_calibration_batch_size"));
  return text;
}

}  // namespace

absl::Status EvaluateSweep(const EvaluateOptions& options, Streams streams) {
  if (absl::Status status = CheckBits(options.bits); !status.ok()) return status;
  const Interrupt interrupt;
  const auto connection = OpenStore(options);
  if (!connection.ok()) return connection.status();
  const auto all = connection->ListTrials(options.sweep, {});
  if (!all.ok()) return all.status();
  const auto stored = Stored(*connection, options.sweep, options.bits);
  if (!stored.ok()) return stored.status();

  std::size_t number = 0, completed = 0, failed = 0;
  for (const v1::Trial& trial : *all) {
    if (interrupt.Requested()) break;
    const std::string head = absl::StrCat(++number, "/", all->size(), " ", trial.label(), ": ");
    if (trial.state() != "completed") {
      streams.out << head << "left out, it is " << trial.state() << std::endl;
      continue;
    }
    ++completed;
    std::vector<std::string> missing = options.bits;
    if (const auto have = stored->find(trial.trial_id()); have != stored->end()) {
      std::erase_if(missing, [&](const std::string& bits) { return have->second.contains(LossMetric(bits)); });
    }
    if (missing.empty()) {
      streams.out << head << "stored already" << std::endl;
      continue;
    }
    const auto losses = EvaluateTrial(options.data_dir, trial, missing, interrupt.Token());
    absl::Status status = losses.status();
    if (losses.ok()) {
      status = StoreLosses(*connection, options.sweep, trial.trial_id(), *losses);
      // Refused is this trial's matter; that the coordinator is gone, everybody's.
      if (!status.ok() && !absl::IsFailedPrecondition(status)) return status;
    }
    if (status.ok()) {
      streams.out << head << Describe(trial, *losses) << std::endl;
    } else if (!interrupt.Requested()) {
      ++failed;
      streams.out << head << "failed: " << status.message() << std::endl;
    }
  }
  if (interrupt.Requested()) return absl::CancelledError("stopped; the same command goes on where it was");
  if (failed == 0) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat(failed, " of ", completed, " completed trials could not be evaluated; the lines above say why"));
}

}  // namespace ofsweep
