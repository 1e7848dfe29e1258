// The commands that show how a sweep goes and the table of what came out.

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/progress_display.h"
#include "cli/sweep_text.h"
#include "cli/table_axes.h"
#include "coordinator/ablation_table.h"

namespace ofsweep {
namespace {

using Stub = v1::SweepService::Stub;

void Assign(const std::vector<std::string>& values, google::protobuf::RepeatedPtrField<std::string>* field) {
  field->Clear();
  field->Add(values.begin(), values.end());
}

}  // namespace

absl::Status Watch(const SweepOptions& options, Streams streams) {
  auto connection = Connection::OpenToChange(options.connection);
  if (!connection.ok()) return connection.status();
  v1::Sweep last;
  {
    ProgressDisplay display(streams.out, STDOUT_FILENO);
    const absl::Status status = connection->Watch(
        options.sweep,
        [&](const v1::WatchSweepResponse& message) {
          last = message.sweep();
          display.Show(message);
        },
        [&](const std::string& warning) { display.Print(warning); }, {});
    if (!status.ok()) return status;
  }
  streams.out << "sweep " << last.name() << " is " << last.state() << ": " << DescribeCounts(last.trials()) << "\n";
  if (last.trials().failed() == 0) return absl::OkStatus();
  const auto failed = connection->ListTrials(options.sweep, {"failed"});
  if (!failed.ok()) return failed.status();
  return absl::AbortedError(absl::StrCat(DescribeFailures(*failed, ""), "When the cause is mended: ofsweep retry ",
                                         options.sweep, "\n", kChangedIsAnother));
}

absl::Status CheckLayout(const TableLayout& layout) {
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
