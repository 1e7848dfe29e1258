// The commands that show what came out.

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/progress_display.h"
#include "cli/sweep_text.h"
#include "cli/table_axes.h"

namespace ofsweep {
namespace {

using Stub = v1::SweepService::Stub;

void Assign(const std::vector<std::string>& values, google::protobuf::RepeatedPtrField<std::string>* field) {
  field->Clear();
  field->Add(values.begin(), values.end());
}

// What the user named, and for the rest what the grid suggests without it.
TableAxes ChooseAxes(const SweepSpec& spec, const TableLayout& layout) {
  if (layout.rows && layout.cols) return TableAxes{*layout.rows, *layout.cols};
  TableAxes axes = ChooseTableAxes(spec);
  const auto drop = [](const std::vector<std::string>& taken, std::vector<std::string>& keys) {
    std::erase_if(keys, [&](const auto& key) { return std::find(taken.begin(), taken.end(), key) != taken.end(); });
  };
  if (layout.rows) {
    drop(*layout.rows, axes.cols);
    axes.rows = *layout.rows;
  }
  if (layout.cols) {
    drop(*layout.cols, axes.rows);
    axes.cols = *layout.cols;
  }
  if (axes.rows.empty()) std::swap(axes.rows, axes.cols);
  return axes;
}

}  // namespace

absl::Status Watch(const SweepOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
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
  return absl::AbortedError(
      absl::StrCat(DescribeFailures(*failed, ""), "When the cause is mended: ofsweep retry ", options.sweep));
}

absl::Status PrintTable(const Connection& connection, const std::string& sweep, const TableLayout& layout,
                        std::ostream& out) {
  v1::GetSweepRequest get;
  get.set_name(sweep);
  const auto response = connection.Call(&Stub::GetSweep, get);
  if (!response.ok()) return response.status();
  std::vector<Problem> ignored;  // it was valid when it was submitted
  const TableAxes axes = ChooseAxes(ParseSweepSpec(response->sweep().spec(), "", ignored), layout);
  v1::GetAblationTableRequest request;
  request.set_sweep(sweep);
  Assign(axes.rows, request.mutable_rows());
  Assign(axes.cols, request.mutable_cols());
  Assign(layout.metrics, request.mutable_metrics());
  Assign(layout.pool, request.mutable_pool());
  request.set_drop_diverged(layout.diverged == DivergedTrials::kDrop);
  const auto table = connection.Call(&Stub::GetAblationTable, request);
  if (!table.ok()) return table.status();
  out << RenderAblation(*table, layout.format);
  return absl::OkStatus();
}

absl::Status Table(const TableOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  return PrintTable(*connection, options.sweep, options.layout, streams.out);
}

absl::Status Curves(const CurvesOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  v1::QueryCurvesRequest request;
  request.set_sweep(options.sweep);
  Assign(options.metrics, request.mutable_metrics());
  Assign(options.sites, request.mutable_sites());
  Assign(options.trials, request.mutable_trial_ids());
  request.mutable_layers()->Add(options.layers.begin(), options.layers.end());
  request.set_max_buckets(options.buckets);

  grpc::ClientContext context;
  const auto reader = connection->stub().QueryCurves(&context, request);
  std::optional<CurveWriter> writer;  // nothing is written before the query is known to be good
  v1::QueryCurvesResponse message;
  while (reader->Read(&message)) {
    if (!writer) writer.emplace(options.format, streams.out);
    for (const v1::Curve& curve : message.curves()) writer->Write(curve);
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return FromRpc(status, connection->target());
  if (!writer) writer.emplace(options.format, streams.out);
  writer->Finish();
  return absl::OkStatus();
}

}  // namespace ofsweep
