// The commands that show how a sweep goes and the table of what came out.

#include <unistd.h>

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/ablation_grid.h"
#include "cli/commands.h"
#include "cli/interruptions.h"
#include "cli/progress_display.h"
#include "cli/sweep_text.h"
#include "coordinator/ablation_table.h"
#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using Stub = v1::SweepService::Stub;

void Assign(const std::vector<std::string>& values, google::protobuf::RepeatedPtrField<std::string>* field) {
  field->Clear();
  field->Add(values.begin(), values.end());
}

// `table s --metrics eval_loss train_loss` reads as two sweeps: whoever wrote it means a list.
absl::Status CheckSweepNames(const std::vector<std::string>& sweeps) {
  for (std::size_t i = 1; i < sweeps.size(); ++i) {
    const bool is_other = FindTrialKey(sweeps[i]) != nullptr || FindResultNumber(sweeps[i]) != nullptr ||
                          FindMetric(sweeps[i]) != nullptr;
    if (!is_other) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(sweeps[i]),
                     " stands where a sweep's name is expected. Several values of an option are divided "
                     "by commas: --rows KEY,…, --metrics METRIC,…"));
  }
  return absl::OkStatus();
}

// What the coordinator says of a field of the request, the user said in the option of that name.
absl::Status NamedAsOptions(const absl::Status& refusal) {
  std::vector<std::string> lines = absl::StrSplit(refusal.message(), '\n');
  for (std::string& line : lines) {
    for (const char* field : {"rows: ", "cols: ", "metrics: ", "pool: ", "baseline: ", "best: "}) {
      if (line.starts_with(field)) line.insert(0, "--");
    }
  }
  return {refusal.code(), absl::StrJoin(lines, "\n")};
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
  double steps = 0;
  for (const v1::Trial& trial : *trials) {
    steps += trial.step();
    *message.add_finished() = trial;
  }
  message.mutable_sweep()->set_steps_done(steps);
  message.mutable_sweep()->set_steps_total(steps);
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

// The layers at a column's site that any of the sweeps has points of.
absl::StatusOr<std::set<std::uint32_t>> MeasuredLayers(const Connection& connection,
                                                       const std::vector<std::string>& sweeps,
                                                       const MetricColumn& column) {
  std::set<std::uint32_t> layers;
  for (const std::string& sweep : sweeps) {
    v1::ListSeriesRequest request;
    request.set_sweep(sweep);
    const auto series = connection.Call(&Stub::ListSeries, request);
    if (!series.ok()) return series.status();
    for (const v1::MeasuredMetric& metric : series->metrics()) {
      if (metric.name() != column.metric) continue;
      for (const v1::MeasuredSite& site : metric.sites()) {
        if (site.name() == column.site) layers.insert(site.layers().begin(), site.layers().end());
      }
    }
  }
  return layers;
}

// A line for each column of a table that no trial can ever have a value of, for no model has that layer.
absl::StatusOr<std::string> DescribeMissingLayers(const Connection& connection, const std::vector<std::string>& sweeps,
                                                  const v1::GetAblationTableResponse& table) {
  std::string text;
  for (int i = 0; i < table.metrics_size(); ++i) {
    const auto column = ParseMetricColumn(table.metrics(i));
    if (HasValues(table, i) || !column.ok() || !column->layer) continue;
    const auto layers = MeasuredLayers(connection, sweeps, *column);
    if (!layers.ok()) return layers.status();
    if (layers->empty()) continue;  // it was not measured, or not yet
    absl::StrAppend(&text, table.metrics(i), ": no trial has layer ", *column->layer, ", the last one is ",
                    *layers->rbegin(), "\n");
  }
  return text;
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
  std::vector<Problem> problems = CheckAblationQuery({.rows = layout.rows.value_or(std::vector<std::string>()),
                                                      .cols = layout.cols.value_or(std::vector<std::string>()),
                                                      .metrics = layout.metrics,
                                                      .pool = layout.pool,
                                                      .best = layout.best});
  for (Problem& problem : problems) problem.key = "--" + problem.key;  // its fields are called as the options
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(ToText(problems));
}

absl::StatusOr<v1::GetAblationTableResponse> GetTable(const Connection& connection,
                                                      const std::vector<std::string>& sweeps,
                                                      const TableLayout& layout) {
  v1::GetAblationTableRequest request;
  request.set_sweep(sweeps.front());
  Assign({sweeps.begin() + 1, sweeps.end()}, request.mutable_further_sweeps());
  if (layout.rows) Assign(*layout.rows, request.mutable_rows());
  if (layout.cols) Assign(*layout.cols, request.mutable_cols());
  request.set_choose_cols(!layout.cols);
  Assign(layout.metrics, request.mutable_metrics());
  Assign(layout.pool, request.mutable_pool());
  request.mutable_baseline()->insert(layout.baseline.begin(), layout.baseline.end());
  request.set_best(layout.best);
  request.set_drop_diverged(layout.diverged == DivergedTrials::kDrop);
  auto table = connection.Call(&Stub::GetAblationTable, request);
  if (!table.ok()) return NamedAsOptions(table.status());
  return table;
}

absl::Status Table(const TableOptions& options, Streams streams) {
  if (absl::Status status = CheckSweepNames(options.sweeps); !status.ok()) return status;
  if (absl::Status status = CheckLayout(options.layout); !status.ok()) return status;
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  const auto table = GetTable(*connection, options.sweeps, options.layout);
  if (!table.ok()) return table.status();
  streams.out << RenderAblation(*table, options.layout.format, DetectTerminal(STDOUT_FILENO).has_value());
  const auto missing = DescribeMissingLayers(*connection, options.sweeps, *table);
  if (!missing.ok()) return missing.status();
  streams.err << *missing;
  return absl::OkStatus();
}

}  // namespace ofsweep
