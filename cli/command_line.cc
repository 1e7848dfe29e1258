#include "cli/command_line.h"

#include <exception>
#include <functional>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/completion.h"
#include "cli/connection_command_line.h"
#include "cli/database_command_line.h"
#include "cli/hint.h"
#include "cli/log.h"
#include "cli/manual.h"
#include "cli/metric_reference.h"
#include "cli/option_values.h"
#include "cli/rpc_error.h"
#include "cli/token_command_line.h"
#include "cli/trial_key_reference.h"
#include "cli/usage_hint.h"
#include "cli/worker_command_line.h"
#include "experiment/number_range.h"
#include "experiment/version_text.h"
#include "monitoring/host_port.h"

namespace ofsweep {
namespace {

const std::map<std::string, TableFormat> kTableFormats = {{"text", TableFormat::kText},
                                                          {"markdown", TableFormat::kMarkdown},
                                                          {"latex", TableFormat::kLatex},
                                                          {"csv", TableFormat::kCsv},
                                                          {"json", TableFormat::kJson}};
const std::map<std::string, DivergedTrials> kDivergedTrials = {{"keep", DivergedTrials::kKeep},
                                                               {"drop", DivergedTrials::kDrop}};
const std::map<std::string, CurveFormat> kCurveFormats = {{"csv", CurveFormat::kCsv}, {"json", CurveFormat::kJson}};
const std::map<std::string, PlotKind> kPlotKinds = {
    {"curves", PlotKind::kCurves}, {"layers", PlotKind::kLayers}, {"scatter", PlotKind::kScatter}};
const std::map<std::string, ReferenceFormat> kReferenceFormats = {{"text", ReferenceFormat::kText},
                                                                  {"markdown", ReferenceFormat::kMarkdown},
                                                                  {"yaml", ReferenceFormat::kYaml},
                                                                  {"json", ReferenceFormat::kJson}};

// "--metrics METRIC,…", which CLI11 would end in "...", as if the values stood behind each other.
class HelpText : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    if (!option->get_allow_extra_args()) absl::StrReplaceAll({{" ...", ""}}, &text);
    return text;
  }
};

// Declares the subcommands; `action` becomes what the parsed one does.
class Program {
 public:
  Program(Streams streams, Action& action) : streams_(streams), action_(action) {
    app_.formatter(std::make_shared<HelpText>());  // which subcommands inherit
    app_.require_subcommand(1);
    app_.fallthrough();  // --log-level may stand behind the subcommand
    app_.set_version_flag("--version", VersionText("ofsweep"), "version and source revision");
    app_.add_option("--log-level", log_level_, "trace, debug, info, warning or error, on standard error")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}));
    app_.footer("Exit codes: 0 success, 1 failure, 2 wrong usage or an invalid spec.");
    AddLocal();
    AddSweeps();
    AddResults();
    AddSpec();
    AddCompletion();
  }

  CLI::App& app() { return app_; }

  // What serves tells what it does; everything else speaks through its results.
  std::string LogLevel() const {
    const bool serves = app_.got_subcommand("coordinator") || app_.got_subcommand("worker");
    return !log_level_.empty() ? log_level_ : serves ? "info" : "warning";
  }

 private:
  // A subcommand with its options' struct, which lives as long as the program.
  template <class Options>
  std::pair<CLI::App*, std::shared_ptr<Options>> Add(const char* name, const char* help,
                                                     absl::Status (*command)(const Options&, Streams)) {
    CLI::App* sub = app_.add_subcommand(name, help);
    auto options = std::make_shared<Options>();
    sub->callback([this, options, command] {
      action_ = [this, options, command] { return Repeating(*options, command(*options, streams_)); };
    });
    return {sub, options};
  }

  // A failure whose hints have the options that say where the sweeps are.
  template <class Options>
  static absl::Status Repeating(const Options& options, const absl::Status& status) {
    if constexpr (requires { options.connection; }) {
      return {status.code(), RepeatOptions(std::string(status.message()), options.connection)};
    }
    return status;
  }

  static void AddSweepFile(CLI::App* sub, std::string& spec, std::vector<std::string>& set) {
    sub->add_option("SPEC", spec, "a sweep file (YAML)")->required();
    sub->add_option("--set", set, "in place of what the file's `trial` says of this trial key; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
  }

  static void AddKinship(CLI::App* command, bool& fresh, bool& update) {
    CLI::Option* anew =
        command->add_flag("--fresh", fresh, "train anew, whatever earlier sweeps hold; needs a new name");
    command->add_flag("--update", update, "add the trials that the sweep of that name does not have")->excludes(anew);
  }

  static void AddRetention(CLI::App* sub, double& seconds) {
    sub->add_option("--metrics-retention", seconds, "seconds that a finished trial stays in /metrics")
        ->check(Within({.maximum = 1e9}))
        ->capture_default_str();
  }

  static void AddLogBytes(CLI::App* sub, std::uint64_t& bytes) {
    sub->add_option("--log-bytes", bytes, "of what trainers log, kept in all: 1GiB, 64MiB (default: 256MiB)")
        ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
        ->check(Within({.minimum = 1 << 20, .maximum = 1e15, .whole = true}));
  }

  static void AddDataDir(CLI::App* sub, std::string& data_dir, const char* help) {
    sub->add_option("--data-dir", data_dir, help)->capture_default_str();
  }

  // Values divided by commas; the option may be repeated. Never swallows the argument behind it.
  template <class Value>
  static CLI::Option* AddList(CLI::App* sub, const char* name, const char* value, Value& values, const char* help) {
    return sub->add_option(name, values, help)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name(absl::StrCat(value, ",…"));
  }

  static void AddHttpHosts(CLI::App* sub, std::vector<std::string>& hosts) {
    AddList(sub, "--http-host", "NAME", hosts, "further names by which browsers reach --http");
  }

  static void AddDiverged(CLI::App* sub, DivergedTrials& diverged, const char* help) {
    sub->add_option("--diverged", diverged, help)->transform(Names(kDivergedTrials));
  }

  static void AddLayout(CLI::App* sub, TableLayout& layout) {
    AddList(sub, "--rows", "KEY", layout.rows, "trial keys whose values are the rows (default: from the grid)");
    AddList(sub, "--cols", "KEY", layout.cols, "trial keys whose values are the columns (default: from the grid)");
    AddList(sub, "--metrics", "METRIC", layout.metrics,
            "columns of `results`, or any metric like kurtosis@block.3 or rms@block.max:max (`ofsweep spec --metrics`; "
            "default: eval_loss, kurtosis_max, eval_perplexity, and each of int8_, w8a5_, w8a4_ and w4a4_perplexity "
            "that a trial has)");
    AddList(sub, "--pool", "KEY", layout.pool,
            "varied trial keys that a cell may average over; without it only over the seed");
    sub->add_option_function<std::vector<std::string>>(
           "--baseline", [&layout](const std::vector<std::string>& pairs) { layout.baseline = PairsOf(pairs); },
           "compare each cell, seed by seed, with that of these values: model.block=pre_norm")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("KEY=VALUE,…");
    sub->add_option("--best", layout.best,
                    "show of each cell the value of this key with the lowest mean eval_loss: optimizer.learning_rate")
        ->type_name("KEY");
    AddDiverged(sub, layout.diverged, "whether the last values of diverged trials count (default: keep)");
    sub->add_option("--format", layout.format, "how to write it")->transform(Names(kTableFormats));
  }

  void AddLocal() {
    const auto [run, run_options] =
        Add("run", "coordinator and worker on this machine until the sweep has ended, then its table", Run);
    AddSweepFile(run, run_options->spec, run_options->set);
    AddDataDir(run, run_options->data_dir, "database, checkpoints, data sets, logs");
    run->add_option("--slots", run_options->slots, "trials at once (0: one a GPU, else one a core)")
        ->check(Within({.maximum = 1024, .whole = true}));
    AddKinship(run, run_options->fresh, run_options->update);
    run->add_option("--grpc", run_options->grpc, "HOST:PORT for RPCs; port 0 takes a free one")->capture_default_str();
    run->add_option(
        "--http", run_options->http,
        absl::StrCat("HOST:PORT for the page and /metrics (default: ", kDefaultHttp, ", or the next free port)"));
    AddHttpHosts(run, run_options->http_hosts);
    AddAccess(run, run_options->access);
    AddRetention(run, run_options->metrics_retention_seconds);
    AddLogBytes(run, run_options->max_log_bytes);
    AddLayout(run, run_options->layout);

    const auto [coordinator, serve] =
        Add("coordinator", "keeps sweeps and tells workers what to run, until stopped", ServeCoordinator);
    AddDataDir(coordinator, serve->data_dir, "holds ofsweep.db and logs.db");
    coordinator->add_option("--grpc", serve->grpc, "HOST:PORT; port 0 takes a free one")->capture_default_str();
    coordinator->add_option("--http", serve->http, "HOST:PORT for the page, its calls and /metrics")
        ->capture_default_str();
    AddHttpHosts(coordinator, serve->http_hosts);
    AddAccess(coordinator, serve->access);
    AddRetention(coordinator, serve->metrics_retention_seconds);
    AddLogBytes(coordinator, serve->max_log_bytes);
    coordinator
        ->add_option("--max-trials-per-caller", serve->max_trials_per_caller,
                     "that wait or run; a sweep that would bring its owner more is refused")
        ->check(Within({.minimum = 1, .maximum = 1e15, .whole = true}))
        ->capture_default_str();
    coordinator->add_option("--on-sweep-end", serve->on_sweep_end,
                            "COMMAND for the shell when a sweep has ended; reads it as JSON on its standard input");

    const auto [worker, work] = Add("worker", "runs trials for a coordinator, until stopped", ServeWorker);
    AddCoordinator(worker, work->coordinator, work->caller);
    AddDataDir(worker, work->data_dir, "outbox, checkpoints, data sets, logs");
    AddWorkerOptions(*worker, *work);
    AddPlan();
    AddEvaluate();
    AddDoctor();
    AddDatabaseCommands(app_, streams_, action_);
    AddTokenCommands(app_, streams_, action_);

    CLI::App* data = app_.add_subcommand("data", "data sets")->require_subcommand(1);
    auto prepare = std::make_shared<PrepareOptions>();
    CLI::App* sub = data->add_subcommand("prepare", "makes the tokens of a sweep's trials beforehand");
    sub->add_option("SPEC", prepare->spec, "a sweep file (YAML)")->required();
    AddDataDir(sub, prepare->data_dir, "the folder of the worker that will use them");
    sub->callback([this, prepare] { action_ = [this, prepare] { return PrepareData(*prepare, streams_); }; });

    const auto [gc, garbage] = Add("gc", "removes prepared data sets that no trial has used for long", CollectGarbage);
    AddDataDir(gc, garbage->data_dir, "the folder of a worker or a run");
    gc->add_option("--days", garbage->unused_days, "how long unused")
        ->check(Within({.maximum = 36'500}))
        ->capture_default_str();
    gc->add_flag("--dry-run", garbage->dry_run, "only say what would be removed");
  }

  void AddPlan() {
    const auto [plan, options] =
        Add("plan", "what a sweep costs before it starts: parameters, FLOPs, memory, time", PlanSweep);
    AddSweepFile(plan, options->spec, options->set);
    plan->add_flag("--no-measure", options->no_measure, "do not time a few steps on this machine");
    plan->add_option("--device", options->device, "plan as if train.device were this (default: what the trials say)")
        ->check(CLI::IsMember({"cpu", "cuda"}));
    plan->add_option("--memory", options->memory_gigabytes,
                     "gigabytes that the device has (default: a GPU 24, a CPU what is free here)")
        ->check(Within(kPositive));
    plan->add_option("--slots", options->slots,
                     "trials that share one device: on a CPU as --slots of run, on a GPU its part of them (0: one a "
                     "core, a GPU 1)")
        ->check(Within({.maximum = 1024, .whole = true}));
    plan->add_flag("--json", options->json, "as JSON");
  }

  void AddDoctor() {
    const auto [doctor, options] =
        Add("doctor", "checks what this machine has of what ofsweep needs, and says how to mend the rest", Doctor);
    options->data_dir = kDefaultDataDir;
    options->ports = {ParseHostPort(kDefaultCoordinator)->port, ParseHostPort(kDefaultHttp)->port};
    AddDataDir(doctor, options->data_dir, "where run, coordinator or worker shall keep their data");
    AddCoordinator(doctor, options->coordinator, options->caller,
                   absl::StrCat("HOST:PORT that has to answer (default: ", kCoordinatorVariable,
                                " of the environment, else none is called)"));
    doctor->add_flag("--json", options->json, "as JSON");
    doctor->add_flag("--install-trainer", options->install_trainer,
                     "first fetches LibTorch for a trainer that was installed from a package (1.1 GB)");
  }

  void AddEvaluate() {
    const auto [evaluate, options] =
        Add("evaluate", "rounds trained models to fewer bits and stores what that costs", EvaluateSweep);
    evaluate->add_option("SWEEP", options->sweep, "its name")->required();
    AddList(evaluate, "--bits", "BITS", options->bits, "wXaY: weights in X bits, activations in Y")->required();
    AddDataDir(evaluate, options->data_dir, "the folder of `run`, or of the worker, that holds the checkpoints");
    AddCoordinator(evaluate, options->coordinator, options->caller,
                   absl::StrCat("HOST:PORT that stores the results (default: ", kCoordinatorVariable,
                                " of the environment, else the database in --data-dir; where there is none, ",
                                kDefaultCoordinator, ")"));
  }

  void AddSweep(const char* name, const char* help, absl::Status (*command)(const SweepOptions&, Streams)) {
    const auto [sub, options] = Add(name, help, command);
    sub->add_option("SWEEP", options->sweep, "its name")->required();
    AddCoordinatorAlone(sub, options->connection);
  }

  void AddSweeps() {
    const auto [submit, submit_options] = Add("submit", "gives a sweep to a coordinator", Submit);
    AddSweepFile(submit, submit_options->spec, submit_options->set);
    submit->add_flag("--validate-only", submit_options->validate_only, "check and count, store nothing");
    AddKinship(submit, submit_options->fresh, submit_options->update);
    submit->add_flag("--json", submit_options->json, "answer in JSON");
    AddCoordinatorAlone(submit, submit_options->connection);

    const auto [ls, ls_options] = Add("ls", "lists the sweeps", ListSweeps);
    ls->add_option("--tag", ls_options->tags, "only those with this tag; of several, with all")
        ->allow_extra_args(false);
    ls->add_flag("--json", ls_options->json, "as JSON");
    AddSource(ls, ls_options->connection);

    const auto [show, show_options] = Add("show", "shows a sweep and its trials, or a trial", ShowSweep);
    show->add_option("SWEEP", show_options->sweep, "its name, or a trial's id alone, or the beginning of one")
        ->required();
    show->add_option("TRIAL", show_options->trial, "only this one, with its attempts");
    show->add_flag("--json", show_options->json, "as JSON, with every resolved key and result");
    AddSource(show, show_options->connection);

    const auto [logs, logs_options] = Add("logs", "prints what the trainer of a trial has logged", ShowLog);
    logs->add_option("TRIAL", logs_options->trial, "its id, as `ofsweep show SWEEP` lists it, or the beginning of it")
        ->required();
    logs->add_option("--attempt", logs_options->attempt, "of which attempt, from 1 (default: the newest)")
        ->check(Within(kPositiveWhole));
    logs->add_flag("--follow", logs_options->follow, "go on until the attempt has ended");
    logs->add_option("--lines", logs_options->lines, "only the last ones (default: all that is kept, at most 1 MiB)")
        ->check(Within(kPositiveWhole));
    AddSource(logs, logs_options->connection);

    const auto [workers, workers_options] = Add("workers", "lists the workers of a coordinator", ShowWorkers);
    workers->add_flag("--json", workers_options->json, "as JSON");
    AddCoordinatorAlone(workers, workers_options->connection);

    const auto [watch, watch_options] = Add("watch", "shows a sweep's progress until it has ended", Watch);
    watch->add_option("SWEEP", watch_options->sweep, "its name")->required();
    AddSource(watch, watch_options->connection);
    AddSweep("cancel", "ends a sweep; its points stay, and resume continues it", Cancel);
    AddSweep("pause", "lets running trials finish and starts no more", Pause);
    AddSweep("resume", "continues a paused or cancelled sweep", Resume);

    const auto [remove, remove_options] =
        Add("rm", "deletes a sweep, and the trials that no other sweep holds", Remove);
    remove->add_option("SWEEP", remove_options->sweep, "its name")->required();
    remove->add_flag("--yes", remove_options->yes, "without asking");
    AddCoordinatorAlone(remove, remove_options->connection);

    const auto [retry, retry_options] = Add("retry", "trains failed trials again", Retry);
    retry->add_option("SWEEP", retry_options->sweep, "its name")->required();
    retry->add_option("TRIAL", retry_options->trials, "only these (default: all that failed)");
    AddCoordinatorAlone(retry, retry_options->connection);
  }

  void AddResults() {
    const auto [table, table_options] =
        Add("table", "prints the ablation table of a sweep, or of several together", Table);
    table->add_option("SWEEP", table_options->sweeps, "its name; of several sweeps `sweep` is a key too")->required();
    AddLayout(table, table_options->layout);
    AddSource(table, table_options->connection);

    const auto [curves, options] = Add("curves", "prints curves over the steps", Curves);
    curves->add_option("SWEEP", options->sweep, "its name")->required();
    AddList(curves, "--metric", "METRIC", options->metrics, "kurtosis, train_loss, …")->required();
    AddList(curves, "--site", "SITE", options->sites,
            "only these sites (attention, block, embedding, final_norm, residual)");
    AddList(curves, "--layer", "LAYER", options->layers, "only these layers, from 0");
    AddList(curves, "--trial", "TRIAL", options->trials, "only these trials");
    curves->add_option(
        "--buckets", options->buckets,
        "at most so many ranges of steps, each by its last, smallest and largest point (0: every point)");
    curves->add_option("--format", options->format, "how to write them")->transform(Names(kCurveFormats));
    AddSource(curves, options->connection);
    AddPlot();
  }

  void AddPlot() {
    const auto [plot, options] = Add("plot", "draws a sweep's curves, layers and results for a paper", Plot);
    plot->add_option("SWEEP", options->sweep, "its name")->required();
    AddList(plot, "--kind", "KIND", options->kinds,
            "curves: means over the seeds, with a band of one standard deviation; layers: maps of layer by step; "
            "scatter: one result against another, a mark a trial (default: all)")
        ->transform(Names(kPlotKinds));
    AddList(plot, "--metric", "METRIC", options->metrics,
            "of curves and layers: train_loss, kurtosis (the largest block), kurtosis@block.3, rms@embedding, … "
            "(`ofsweep spec --metrics`; default: train_loss,kurtosis)");
    AddList(plot, "--group-by", "KEY", options->keys.groups,
            "trial keys that tell groups apart (default: all that the sweep varies but the seed)");
    AddList(plot, "--panels", "KEY", options->keys.panels, "trial keys that tell panels apart, instead of groups");
    AddDiverged(plot, options->diverged, "whether diverged trials are drawn (default: keep)");
    plot->add_option("--x", options->x, "of curves step, tokens or seconds; of the scatter a result, or two as A/B");
    plot->add_option("--y", options->y, "of the scatter (default: eval_loss, else train_loss)");
    plot->add_option("--width", options->width_millimetres, "millimetres (default: 85, of several panels 175)")
        ->check(Within({.minimum = 40, .maximum = 1000}));
    plot->add_option("--out", options->out,
                     "a folder, for an SVG and a PDF of each figure, or FILE.svg, .pdf or .png of one")
        ->capture_default_str();
    AddSource(plot, options->connection);
  }

  void AddSpec() {
    CLI::App* spec =
        app_.add_subcommand("spec", "prints every trial key with its default and meaning, or every metric");
    auto format = std::make_shared<ReferenceFormat>(ReferenceFormat::kText);
    auto metrics = std::make_shared<bool>(false);
    spec->add_option("--format", *format, "how to write them")->transform(Names(kReferenceFormats));
    spec->add_flag("--metrics", *metrics, "what trainers measure, instead of the keys");
    spec->callback([this, format, metrics] {
      action_ = [this, format, metrics]() -> absl::Status {
        const absl::StatusOr<std::string> text = *metrics ? RenderMetrics(*format) : RenderTrialKeys(*format);
        if (!text.ok()) return text.status();
        streams_.out << *text;
        return absl::OkStatus();
      };
    });
  }

  void AddCompletion() {
    CLI::App* completion = app_.add_subcommand(
        "completion", "prints what a shell runs to complete ofsweep: source <(ofsweep completion bash)");
    auto shell = std::make_shared<std::string>();
    completion->add_option("SHELL", *shell, "for which shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([this, shell] {
      action_ = [this, shell]() -> absl::Status {
        const absl::StatusOr<std::string> script = CompletionScript(*shell);
        if (!script.ok()) return script.status();
        streams_.out << *script;
        return absl::OkStatus();
      };
    });
  }

  CLI::App app_{"ofsweep: which transformer and optimiser choices grow outlier features"};
  Streams streams_;
  Action& action_;
  std::string log_level_;
};

void Report(const absl::Status& status, std::ostream& err) {
  // Mistakes in a spec stand as compilers print them, file and line first, so that editors can jump there.
  err << (status.code() == absl::StatusCode::kInvalidArgument ? "" : "ofsweep: ") << std::string(status.message())
      << std::endl;
}

}  // namespace

int CommandLine(int argc, const char* const* argv, Streams streams) {
  Action action;
  try {
    if (const absl::Status words = CheckWords({argv, static_cast<std::size_t>(argc)}); !words.ok()) {
      Report(words, streams.err);
      return ExitCode(words);
    }
    Program program(streams, action);
    if (argc > 1 && std::string_view(argv[1]) == kManualArgument) {
      streams.out << Manual(program.app(), VersionText("ofsweep"));
      return 0;
    }
    if (argc > 1 && std::string_view(argv[1]) == kCompleteArgument) {
      for (const std::string& candidate : Complete(program.app(), {argv + 2, argv + argc}, AskForSweepNames)) {
        streams.out << candidate << "\n";
      }
      return 0;
    }
    try {
      program.app().parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int exit_code = program.app().exit(error, streams.out, streams.err) == 0 ? 0 : 2;
      streams.err << UsageHint(program.app(), error);
      return exit_code;
    }
    SetUpLog(program.LogLevel());
    absl::Status status = action();
    if (status.ok() && !streams.out.flush()) {
      status = absl::DataLossError("standard output cannot be written: is its disk full, or has its reader gone?");
    }
    if (!status.ok()) Report(status, streams.err);
    return ExitCode(status);
  } catch (const std::exception& error) {
    streams.err << "ofsweep: " << error.what() << std::endl;
    return 1;
  }
}

}  // namespace ofsweep
