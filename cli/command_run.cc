#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/checkpoint_text.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/hint.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/login_link.h"
#include "cli/progress_display.h"
#include "cli/submission.h"
#include "cli/sweep_text.h"
#include "coordinator/server.h"
#include "coordinator/sweep_settings.h"
#include "experiment/build_revision.h"
#include "experiment/data_folder.h"
#include "experiment/sweep_spec.h"
#include "worker/agent.h"
#include "worker/host.h"

namespace ofsweep {
namespace {

using Stub = v1::SweepService::Stub;

// The agent on a thread of its own, stopped and joined with the object. When it fails, it requests `failed` to stop.
class AgentThread {
 public:
  AgentThread(std::unique_ptr<Agent> agent, const std::stop_source& failed)
      : agent_(std::move(agent)), thread_([this, failed](std::stop_token stop) mutable {
          status_ = agent_->Run(std::move(stop));
          if (!status_.ok()) failed.request_stop();
        }) {}

  // Waits for the trainers' checkpoints.
  absl::Status Stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  std::unique_ptr<Agent> agent_;
  absl::Status status_;
  std::jthread thread_;
};

// Submits, and brings back to life what an earlier run or a user stopped: `run` means run.
absl::StatusOr<v1::Sweep> SubmitAndRevive(const Connection& connection, const v1::SubmitSweepRequest& request,
                                          bool update, const SpecFile& file, std::ostream& log) {
  const auto submitted = connection.Call(update ? &Stub::UpdateSweep : &Stub::SubmitSweep, request);
  if (!submitted.ok()) return submitted.status();
  v1::Sweep sweep = submitted->sweep();
  if (submitted->created()) {
    log << DescribeTrials(*submitted, CombinationsOf(file)) << "\n";
    return sweep;
  }
  if (submitted->added_trials() > 0) log << DescribeSize(submitted->added_trials(), 0) << " added\n";
  log << "sweep " << sweep.name() << " continues: " << DescribeCounts(sweep.trials()) << "\n"
      << DescribeDifferences(*submitted);
  if (sweep.state() == "paused" || sweep.state() == "cancelled") {
    v1::ResumeSweepRequest resume;
    resume.set_name(sweep.name());
    const auto resumed = connection.Call(&Stub::ResumeSweep, resume);
    if (!resumed.ok()) return resumed.status();
    sweep = resumed->sweep();
  }
  if (sweep.trials().failed() > 0) {
    v1::RetryTrialsRequest retry;
    retry.set_sweep(sweep.name());
    const auto retried = connection.Call(&Stub::RetryTrials, retry);
    if (!retried.ok()) return retried.status();
    log << retried->retried() << " failed trials start anew\n";
    sweep = retried->sweep();
  }
  return sweep;
}

// Not ok where trials of the sweep are left and this machine can never run one of them.
absl::Status CheckDevice(const Connection& connection, const std::string& sweep) {
  if (!FindGpus(std::getenv("CUDA_VISIBLE_DEVICES")).empty()) return absl::OkStatus();
  const auto left = connection.ListTrials(sweep, {"pending", "running"});
  if (!left.ok()) return left.status();
  const bool all_wait_for_cuda = std::all_of(left->begin(), left->end(), [](const v1::Trial& trial) {
    const auto device = trial.config().fields().find("train.device");
    return trial.state() == "pending" && device != trial.config().fields().end() &&
           NeedsCuda(device->second.string_value());
  });
  if (left->empty() || !all_wait_for_cuda) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      left->size(), left->size() == 1 ? " trial that is left needs" : " trials that are left need",
      " a CUDA device (train.device), and this process finds none: run the file where there is one, or with --set ",
      "train.device=cpu and another --data-dir"));
}

// Trains until the sweep has ended or a signal came; `sweep` is how it stood last.
absl::Status Train(const Connection& connection, std::unique_ptr<Agent> agent, const Interrupt& interrupt,
                   v1::Sweep& sweep, std::ostream& err) {
  ProgressDisplay display(err, STDERR_FILENO);
  const LogAboveDisplay log(display);
  std::stop_source stop;
  const std::stop_callback on_signal(interrupt.Token(), [&stop] { stop.request_stop(); });
  AgentThread worker(std::move(agent), stop);
  absl::Status can_run;
  const absl::Status watched = connection.Watch(
      sweep.name(),
      [&](const v1::WatchSweepResponse& message) {
        sweep = message.sweep();
        display.Show(message);
        if (!message.running().empty() || sweep.trials().pending() == 0) return;
        can_run = CheckDevice(connection, sweep.name());
        if (!can_run.ok()) stop.request_stop();
      },
      [&](const std::string& warning) { display.Print(warning); }, stop.get_token());
  StopText stop_text;
  if (interrupt.Requested()) {
    stop_text = DescribeStop(connection.ListTrials(sweep.name(), {"running"}).value_or(std::vector<v1::Trial>()));
    display.Print(absl::StrCat("stopping: ", stop_text.stopping, " (Ctrl-C again: at once)"));
  }
  const absl::Status worked = worker.Stop();
  if (!worked.ok()) return worked;
  if (!can_run.ok()) return can_run;
  if (stop_text.stopped.empty()) return watched;
  return absl::CancelledError(absl::StrCat("stopped: ", DescribeCounts(sweep.trials()), ". ", stop_text.stopped));
}

bool Unfinished(const v1::Sweep& sweep) {
  return sweep.trials().pending() + sweep.trials().running() > 0;
}

// Other sweeps of the folder are left alone, which who forgot them should know.
absl::Status TellOfOthers(const Connection& connection, const std::string& sweep, const std::string& data_dir,
                          std::ostream& log) {
  const auto sweeps = connection.ListSweeps();
  if (!sweeps.ok()) return sweeps.status();
  for (const v1::Sweep& other : *sweeps) {
    if (other.name() == sweep || other.state() != "active") continue;
    const v1::TrialCounts& trials = other.trials();
    log << RepeatOptions(
        absl::StrCat("sweep ", other.name(), " of this folder is unfinished too: ", trials.pending() + trials.running(),
                     " of ", CountAll(trials), " trials wait; `ofsweep run` with its file continues it\n"),
        data_dir == kDefaultDataDir ? ConnectionOptions() : ConnectionOptions{.data_dir = data_dir});
  }
  return absl::OkStatus();
}

// What trainers left in the folder belongs to the database that was there then.
absl::Status CheckOwner(const std::string& data_dir, const std::string& database_id) {
  const std::string owner = LoadDatabaseId(data_dir);
  if (owner.empty() || owner == database_id) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      data_dir,
      " holds checkpoints and points of another database than its ofsweep.db, which was deleted or replaced: put ",
      "that one back; or, where they are of no use any more, remove ", data_dir, "/outbox, ", data_dir, "/trials and ",
      DatabaseIdPath(data_dir), "; or give another --data-dir"));
}

// Mistakes in the file are left to SubmitSweep, which names all of them.
std::string SweepName(const SpecFile& file) {
  std::vector<Problem> ignored;
  return ParseSweepSpec(file.text, file.path, ignored).name;
}

}  // namespace

absl::Status Run(const RunOptions& options, Streams streams) {
  const auto file = ReadSpecFile(options.spec, options.set);
  if (!file.ok()) return file.status();
  // Hours of training should not end in a mistyped --metrics, or in a key that --rows leaves out.
  if (absl::Status status = CheckLayout(options.layout); !status.ok()) return status;
  if (absl::Status status = CheckFile(*file); !status.ok()) return status;
  const Interrupt interrupt;
  auto server = Server::Start({.data_dir = options.data_dir,
                               .grpc = options.grpc,
                               .http = options.http.empty() ? kDefaultHttp : options.http,
                               .http_or_next_port = options.http.empty(),
                               .access = options.access,
                               .http_hosts = options.http_hosts,
                               .only_sweep = SweepName(*file),
                               .metrics_retention_seconds = options.metrics_retention_seconds,
                               .max_log_bytes = options.max_log_bytes,
                               .revision = std::string(BuildRevision())});
  if (!server.ok()) return server.status();
  streams.err << "ofsweep run: grpc " << (*server)->grpc_address() << " http " << (*server)->http_address() << " data "
              << options.data_dir
              << "\nthe page: " << PageAddress(**server, options.access, ::isatty(STDERR_FILENO) == 1) << std::endl;
  const Connection connection((*server)->InProcessChannel(), "");
  const v1::SubmitSweepRequest submission = MakeSubmission(
      *file, {.fresh = options.fresh, .workers_are_here = true, .cache = DatasetsFolder(options.data_dir)},
      streams.err);
  auto sweep = SubmitAndRevive(connection, submission, options.update, *file, streams.err);
  if (!sweep.ok()) return sweep.status();

  if (const auto empty_table = GetTable(connection, {sweep->name()}, options.layout); !empty_table.ok()) {
    return empty_table.status();
  }

  if (Unfinished(*sweep)) {
    const absl::Status told = TellOfOthers(connection, sweep->name(), options.data_dir, streams.err);
    if (!told.ok()) return told;
    const absl::Status owned = CheckOwner(options.data_dir, (*server)->database_id());
    if (!owned.ok()) return owned;
    auto agent = Agent::Create({.data_dir = options.data_dir, .slots = options.slots}, (*server)->InProcessChannel());
    if (!agent.ok()) return agent.status();
    const absl::Status trained = Train(connection, std::move(*agent), interrupt, *sweep, streams.err);
    if (!trained.ok()) return trained;
  }
  streams.err << "sweep " << sweep->name() << " is " << sweep->state() << ": " << DescribeCounts(sweep->trials())
              << "\n\n";
  const auto table = GetTable(connection, {sweep->name()}, options.layout);
  if (!table.ok()) return table.status();
  streams.out << RenderAblation(*table, options.layout.format, DetectTerminal(STDOUT_FILENO).has_value());
  if (sweep->trials().failed() == 0) return absl::OkStatus();
  const auto failed = connection.ListTrials(sweep->name(), {"failed"});
  if (!failed.ok()) return failed.status();
  return absl::AbortedError(absl::StrCat(DescribeFailures(*failed, options.data_dir),
                                         "When the cause is mended, the same command trains them again. ",
                                         kChangedIsAnother));
}

}  // namespace ofsweep
