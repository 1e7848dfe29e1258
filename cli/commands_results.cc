// The commands that show how a sweep goes and the table of what came out.

#include <unistd.h>

#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/interruptions.h"
#include "cli/progress_display.h"
#include "cli/sweep_text.h"
#include "cli/table_axes.h"
#include "coordinator/ablation_table.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

using Stub = v1::SweepService::Stub;

void Assign(const std::vector<std::string>& values, google::protobuf::RepeatedPtrField<std::string>* field) {
  field->Clear();
  field->Add(values.begin(), values.end());
}

// "model.block=op" by its key.
absl::StatusOr<std::map<std::string, std::string>> ParseBaseline(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> baseline;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--baseline: ", Quoted(pair), " is no KEY=VALUE; write one like model.block=pre_norm"));
    }
    baseline.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return baseline;
}

// Of a sweep in a data folder all of whose trials have ended: what a coordinator would say last. None where one may
// still have more to say.
absl::StatusOr<std::optional<v1::WatchSweepResponse>> EndedOffline(const Connection& connection,
                                                                   const std::string& sweep) {
  if (!connection.target().empty()) return std::nullopt;
  v1::GetSweepRequest get;
  get.set_name(sweep);
  auto response = connection.Call(&Stub::GetSweep, get);
  if (!response.ok()) return response.status();
  const v1::TrialCounts& counts = response->sweep().trials();
  if (CountEnded(counts) < CountAll(counts)) return std::nullopt;
  const auto trials = connection.ListTrials(sweep, {});
  if (!trials.ok()) return trials.status();
  v1::WatchSweepResponse message;
  *message.mutable_sweep() = std::move(*response->mutable_sweep());
  for (const v1::Trial& trial : *trials) {
    message.set_steps_done(message.steps_done() + trial.step());
    message.set_steps_total(message.steps_total() + trial.step());
    *message.add_finished() = trial;
  }
  return message;
}

// Until the sweep has ended; `last` is how it stood then.
absl::Status WatchLive(const Connection& connection, const std::string& sweep, ProgressDisplay& display,
                       v1::Sweep& last) {
  Interruptions interruptions;
  const auto last_attempt = [&](const std::string& trial_id) -> std::optional<v1::Attempt> {
    v1::GetTrialRequest request;
    request.set_sweep(sweep);
    request.set_trial_id(trial_id);
    const auto trial = connection.Call(&Stub::GetTrial, request);
    return trial.ok() ? LastEnded(*trial) : std::nullopt;
  };
  return connection.Watch(
      sweep,
      [&](const v1::WatchSweepResponse& message) {
        last = message.sweep();
        for (const std::string& line : interruptions.Update(message, last_attempt)) display.Print(line);
        display.Show(message);
      },
      [&](const std::string& warning) { display.PrintAway(warning); }, {});
}

}  // namespace

absl::Status Watch(const SweepOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  v1::Sweep last;
  {
    ProgressDisplay display(streams.out, STDOUT_FILENO);
    const auto ended = EndedOffline(*connection, options.sweep);
    if (!ended.ok()) return ended.status();
    if (*ended) {
      last = (*ended)->sweep();
      display.Show(**ended);
    } else if (connection = Connection::OpenToChange(options.connection); !connection.ok()) {
      return connection.status();
    } else if (const absl::Status status = WatchLive(*connection, options.sweep, display, last); !status.ok()) {
      return status;
    }
  }
  streams.out << "sweep " << last.name() << " is " << last.state() << ": " << DescribeCounts(last.trials()) << "\n";
  if (last.trials().failed() == 0) return absl::OkStatus();
  const auto failed = connection->ListTrials(options.sweep, {"failed"});
  if (!failed.ok()) return failed.status();
  return absl::AbortedError(absl::StrCat(DescribeFailures(*failed, ""), "When the cause is mended: `ofsweep retry ",
                                         options.sweep, "`\n", kChangedIsAnother));
}

absl::Status CheckLayout(const TableLayout& layout) {
  if (const auto baseline = ParseBaseline(layout.baseline); !baseline.ok()) return baseline.status();
  std::vector<Problem> problems = CheckAblationQuery({.rows = layout.rows.value_or(std::vector<std::string>()),
                                                      .cols = layout.cols.value_or(std::vector<std::string>()),
                                                      .metrics = layout.metrics,
                                                      .pool = layout.pool});
  for (Problem& problem : problems) problem.key = "--" + problem.key;  // its fields are called as the options
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(ToText(problems));
}

absl::StatusOr<v1::GetAblationTableResponse> GetTable(const Connection& connection, const std::string& sweep,
                                                      const TableLayout& layout) {
  v1::GetSweepRequest get;
  get.set_name(sweep);
  const auto response = connection.Call(&Stub::GetSweep, get);
  if (!response.ok()) return response.status();
  std::vector<Problem> ignored;  // it was valid when it was submitted
  const TableAxes axes = ChooseTableAxes(ParseSweepSpec(response->sweep().spec(), "", ignored),
                                         {.rows = layout.rows, .cols = layout.cols, .pool = layout.pool});
  v1::GetAblationTableRequest request;
  request.set_sweep(sweep);
  Assign(axes.rows, request.mutable_rows());
  Assign(axes.cols, request.mutable_cols());
  Assign(layout.metrics, request.mutable_metrics());
  Assign(layout.pool, request.mutable_pool());
  const auto baseline = ParseBaseline(layout.baseline);
  if (!baseline.ok()) return baseline.status();
  request.mutable_baseline()->insert(baseline->begin(), baseline->end());
  request.set_drop_diverged(layout.diverged == DivergedTrials::kDrop);
  return connection.Call(&Stub::GetAblationTable, request);
}

absl::Status Table(const TableOptions& options, Streams streams) {
  if (absl::Status status = CheckLayout(options.layout); !status.ok()) return status;
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  const auto table = GetTable(*connection, options.sweep, options.layout);
  if (!table.ok()) return table.status();
  streams.out << RenderAblation(*table, options.layout.format);
  return absl::OkStatus();
}

}  // namespace ofsweep
