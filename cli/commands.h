#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/ablation_text.h"
#include "cli/connection.h"
#include "cli/curve_writer.h"
#include "cli/doctor.h"
#include "cli/figure_files.h"
#include "cli/trial_groups.h"
#include "coordinator/server_access.h"

namespace ofsweep {

// One function a subcommand. Results go to `out`, progress and addresses of `run` to `err`; a failure is the returned
// status, whose message is for the user and whose code decides the exit code (rpc_error.h).
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

// ---- over SweepService ----

struct SubmitOptions {
  ConnectionOptions connection;
  std::string spec;
  std::vector<std::string> set;  // "KEY=VALUE", in place of what the file's `trial` says
  bool validate_only = false;
  bool fresh = false;   // train anew what earlier sweeps hold
  bool update = false;  // add to the sweep of that name
  bool json = false;
};
absl::Status Submit(const SubmitOptions& options, Streams streams);

struct ListOptions {
  ConnectionOptions connection;
  std::vector<std::string> tags;
  bool json = false;
};
absl::Status ListSweeps(const ListOptions& options, Streams streams);

struct ShowOptions {
  ConnectionOptions connection;
  std::string sweep;
  std::string trial;  // empty: the sweep and all of its trials
  bool json = false;
};
absl::Status ShowSweep(const ShowOptions& options, Streams streams);

struct LogsOptions {
  ConnectionOptions connection;
  std::string trial;
  std::uint32_t attempt = 0;  // from 1; 0: the newest
  std::uint32_t lines = 0;    // only the last ones; 0: all that are kept
  bool follow = false;        // until the attempt has ended
};
// What the trainer of a trial has logged.
absl::Status ShowLog(const LogsOptions& options, Streams streams);

struct WorkersOptions {
  ConnectionOptions connection;
  bool json = false;
};
absl::Status ShowWorkers(const WorkersOptions& options, Streams streams);

struct SweepOptions {
  ConnectionOptions connection;
  std::string sweep;
};
// Until the sweep has ended. Fails when a trial failed.
absl::Status Watch(const SweepOptions& options, Streams streams);
absl::Status Cancel(const SweepOptions& options, Streams streams);
absl::Status Pause(const SweepOptions& options, Streams streams);
absl::Status Resume(const SweepOptions& options, Streams streams);

struct RemoveOptions {
  ConnectionOptions connection;
  std::string sweep;
  bool yes = false;  // without asking
};
// Deletes the sweep. Asks first on a terminal; elsewhere it has to be told `yes`.
absl::Status Remove(const RemoveOptions& options, Streams streams);

struct RetryOptions {
  ConnectionOptions connection;
  std::string sweep;
  std::vector<std::string> trials;  // empty: all that failed
};
absl::Status Retry(const RetryOptions& options, Streams streams);

// Whether the last values of diverged trials enter the means.
enum class DivergedTrials { kKeep, kDrop };

// Which table: what is not given follows from the sweeps' grids (table_axes.h).
struct TableLayout {
  std::optional<std::vector<std::string>> rows;
  std::optional<std::vector<std::string>> cols;
  std::vector<std::string> metrics;
  std::vector<std::string> pool;  // varied keys, besides the seed, that a cell may average over
  DivergedTrials diverged = DivergedTrials::kKeep;
  std::map<std::string, std::string> baseline;  // the cells that others are compared with, by keys and their values
  std::string best;                             // the key whose best value each cell is of
  TableFormat format = TableFormat::kText;
};

struct TableOptions {
  ConnectionOptions connection;
  std::vector<std::string> sweeps;
  TableLayout layout;
};
absl::Status Table(const TableOptions& options, Streams streams);

// InvalidArgument names the options whose keys or metrics are unknown; of what is known a sweep may still have nothing.
absl::Status CheckLayout(const TableLayout& layout);

// The table of these sweeps, over a connection that is open. InvalidArgument where its cells would average over a key
// that `layout` does not pool; that is known before a trial has a result.
absl::StatusOr<v1::GetAblationTableResponse> GetTable(const Connection& connection,
                                                      const std::vector<std::string>& sweeps,
                                                      const TableLayout& layout);

struct CurvesOptions {
  ConnectionOptions connection;
  std::string sweep;
  std::vector<std::string> metrics;
  std::vector<std::string> sites;
  std::vector<std::uint32_t> layers;
  std::vector<std::string> trials;
  std::uint32_t buckets = 0;
  CurveFormat format = CurveFormat::kCsv;
};
absl::Status Curves(const CurvesOptions& options, Streams streams);

enum class PlotKind { kCurves, kLayers, kScatter };

struct PlotOptions {
  ConnectionOptions connection;
  std::string sweep;
  std::vector<PlotKind> kinds;       // empty: all of which the sweep has something
  std::vector<std::string> metrics;  // of curves and layers; empty: train_loss and kurtosis, as far as they are there
  GroupingKeys keys;
  DivergedTrials diverged = DivergedTrials::kKeep;
  std::string x;                 // of curves step, tokens or seconds, else of the scatter; empty: step, kurtosis_max
  std::string y;                 // of the scatter; empty: eval_loss, or train_loss where no trial has that
  double width_millimetres = 0;  // 0: a column of a paper (85), of several panels both (175)
  std::string out = kDefaultFiguresDir;  // a folder, or the file of one figure
};
// Draws a sweep into files, and prints their paths. Nothing is written where one of them cannot be drawn.
absl::Status Plot(const PlotOptions& options, Streams streams);

// The commands of `token`: who may call a coordinator (docs/access.md).

struct TokenMakeOptions {
  ConnectionOptions connection;
  std::string name;
  std::string role;
  double days = 90;  // until it expires; 0: never
  std::string out;   // a new file for the token; empty: it is printed
};
absl::Status TokenMake(const TokenMakeOptions& options, Streams streams);

struct TokenListOptions {
  ConnectionOptions connection;
  bool json = false;
};
absl::Status TokenList(const TokenListOptions& options, Streams streams);

struct TokenRevokeOptions {
  ConnectionOptions connection;
  std::string name;
};
absl::Status TokenRevoke(const TokenRevokeOptions& options, Streams streams);

struct LoginOptions {
  ConnectionOptions connection;
};
// Prints a link to the coordinator's page that logs a browser in, once, as the caller.
absl::Status PrintLogin(const LoginOptions& options, Streams streams);

// ---- on this machine ----

// Of what trainers log, in all.
inline constexpr std::uint64_t kDefaultLogBytes = std::uint64_t{256} << 20;

struct CoordinatorCommandOptions {
  std::string data_dir = kDefaultDataDir;
  std::string grpc = kDefaultCoordinator;
  std::string http = kDefaultHttp;
  std::vector<std::string> http_hosts;  // further names by which browsers reach it
  double metrics_retention_seconds = 300;
  std::uint64_t max_log_bytes = kDefaultLogBytes;
  std::uint64_t max_trials_per_caller = 10'000'000;
  std::string on_sweep_end;  // a shell command; empty: none
  AccessOptions access = {};
};
// Serves until a signal asks it to stop (interrupt.h).
absl::Status ServeCoordinator(const CoordinatorCommandOptions& options, Streams streams);

inline constexpr double kDefaultStopGrace = 30;
struct WorkerCommandOptions {
  std::optional<std::string> coordinator;  // HOST:PORT; absent: see CoordinatorAddress
  CallerOptions caller = {};
  std::string data_dir = kDefaultDataDir;
  int slots = 0;                          // 0: one a GPU, else one a core
  std::string http;                       // HOST:PORT for its own /metrics, /healthz and /readyz; empty: none
  std::vector<std::string> data_roots;    // as they were given (worker_data_roots.h)
  std::optional<double> exit_when_idle;   // seconds; absent: never
  double stop_grace = kDefaultStopGrace;  // seconds
  std::optional<std::string> until;       // see ReadTime; absent: the end of its job (job_end.h)
};
// Works until a signal of a batch system asks it to stop (interrupt.h), or it ends by itself (worker/end_watch.h).
absl::Status ServeWorker(const WorkerCommandOptions& options, Streams streams);

struct RunOptions {
  std::string spec;
  std::vector<std::string> set;
  std::string data_dir = kDefaultDataDir;
  std::string grpc = "127.0.0.1:0";
  std::string http;  // HOST:PORT; empty: the usual one, or where it is in use one of those behind it
  std::vector<std::string> http_hosts;
  AccessOptions access = {};
  double metrics_retention_seconds = 300;
  std::uint64_t max_log_bytes = kDefaultLogBytes;
  int slots = 0;
  bool fresh = false;   // train anew what earlier sweeps hold
  bool update = false;  // add to the sweep of that name
  TableLayout layout;
};
// Coordinator and worker in this process until the sweep has ended, then its table. Other sweeps of the data folder are
// left alone. A second call with the same data folder continues where the first one was, and starts failed trials anew.
// Fails when a trial failed, or when it was interrupted.
absl::Status Run(const RunOptions& options, Streams streams);

// The commands of `db`. Their data_dir may be a database file, such as a copy, in place of a folder.

struct DbCheckOptions {
  std::string data_dir = kDefaultDataDir;
};
// Says of what the database promises what holds (storage/database_check.h). DataLoss where something does not.
absl::Status DbCheck(const DbCheckOptions& options, Streams streams);

struct DbCompactOptions {
  std::string data_dir = kDefaultDataDir;
};
// storage/compaction.h.
absl::Status DbCompact(const DbCompactOptions& options, Streams streams);

struct DbBackupOptions {
  std::string data_dir = kDefaultDataDir;
  std::string to;
  std::optional<double> every_seconds;  // absent: once
};
// A copy of the database for readers elsewhere (storage/backup.h); with `every_seconds` again and again, where
// something has changed, until a signal asks it to stop. An error then is told and the next copy tried.
absl::Status DbBackup(const DbBackupOptions& options, Streams streams);

struct DbMergeOptions {
  std::vector<std::string> from;  // data folders or database files
  std::string into;
  std::vector<std::string> rename;  // "OLD=NEW": sweeps of the one that it comes from
};
// Brings the sweeps of other databases into one (storage/merge.h), one database after the other: on an error those
// before it are in. Whoever merges again changes nothing.
absl::Status DbMerge(const DbMergeOptions& options, Streams streams);

enum class ExportFormat { kCsv, kJsonl };

struct DbExportOptions {
  std::string data_dir = kDefaultDataDir;
  std::vector<std::string> sweeps;  // empty: all
  std::string to;                   // a folder
  ExportFormat format = ExportFormat::kCsv;
};
// A file a view. None is replaced before all are written.
absl::Status DbExport(const DbExportOptions& options, Streams streams);

struct PlanOptions {
  std::string spec;
  std::vector<std::string> set;
  std::string device;           // "cpu" or "cuda"; empty: what train.device says
  double memory_gigabytes = 0;  // of the device, in 2³⁰ bytes; 0: what is free here, of a GPU 24
  int slots = 0;                // trials that share the one device; 0: one a core, on a GPU 1
  bool no_measure = false;
  bool json = false;
};
// Trials, parameters, FLOPs, tokens, memory by part and predicted time of a sweep, without a coordinator. Runs the
// trainer for a few steps of each trial that costs something else, unless `no_measure`.
absl::Status PlanSweep(const PlanOptions& options, Streams streams);

struct EvaluateOptions {
  std::string sweep;
  std::vector<std::string> bits;  // "w8a4"
  std::string data_dir = kDefaultDataDir;
  // HOST:PORT that stores the results. Absent: the coordinator that the environment names, else the database in
  // data_dir, opened in this process; where there is none, kDefaultCoordinator.
  std::optional<std::string> coordinator;
  CallerOptions caller = {};
};
// Evaluates the completed trials of a sweep whose last checkpoints are in the data folder after rounding them to each
// of `bits`, and stores the points. Leaves out what is stored already. Fails when a trial could not be evaluated, after
// all others were.
absl::Status EvaluateSweep(const EvaluateOptions& options, Streams streams);

// What ofsweep needs of this machine, and whether it is there. Fails where something is missing.
absl::Status Doctor(const DoctorOptions& options, Streams streams);

struct PrepareOptions {
  std::string spec;
  std::string data_dir = kDefaultDataDir;
};
// Tokens for every distinct data configuration of a sweep, so that no trial waits for them.
absl::Status PrepareData(const PrepareOptions& options, Streams streams);

struct GarbageOptions {
  std::string data_dir = kDefaultDataDir;
  double unused_days = 30;
  bool dry_run = false;
};
// Removes prepared tokens that no trial has opened for that long; a trial that needs them again prepares them again.
absl::Status CollectGarbage(const GarbageOptions& options, Streams streams);

}  // namespace ofsweep
