#include <optional>

#include "cli/commands.h"
#include "cli/unanswered_names.h"

namespace ofsweep {

absl::Status Curves(const CurvesOptions& options, Streams streams) {
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  v1::QueryCurvesRequest request;
  request.set_sweep(options.sweep);
  request.mutable_metrics()->Add(options.metrics.begin(), options.metrics.end());
  request.mutable_sites()->Add(options.sites.begin(), options.sites.end());
  for (const std::string& trial : options.trials) {
    auto id = connection->WholeTrialId(options.sweep, trial);
    if (!id.ok()) return id.status();
    request.add_trial_ids(*std::move(id));
  }
  request.mutable_layers()->Add(options.layers.begin(), options.layers.end());
  request.set_max_buckets(options.buckets);

  grpc::ClientContext context;
  const auto reader = connection->stub().QueryCurves(&context, request);
  std::optional<CurveWriter> writer;  // nothing is written before the query is known to be good
  UnansweredNames unanswered(request);
  v1::QueryCurvesResponse message;
  while (reader->Read(&message)) {
    if (!writer) writer.emplace(options.format, streams.out);
    for (const v1::Curve& curve : message.curves()) {
      writer->Write(curve);
      unanswered.Note(curve);
    }
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return FromRpc(status, connection->target());
  if (!writer) writer.emplace(options.format, streams.out);
  writer->Finish();
  // No mistake: its trials may not have begun, and an empty answer is one that programs can read.
  if (const std::string missing = unanswered.Text(); !missing.empty()) {
    streams.err << "no trial of sweep " << options.sweep << (options.trials.empty() ? "" : " that was named")
                << " has a curve of " << missing << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
