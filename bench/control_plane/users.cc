#include "bench/control_plane/users.h"

#include <grpcpp/grpcpp.h>

#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"
#include "ofsweep/v1/sweep.grpc.pb.h"

namespace ofsweep {
namespace {

std::string SweepFile(const Arguments& arguments) {
  std::ostringstream file;
  file << "name: " << arguments.Text("name") << "\ntrial: {train.steps: " << arguments.Number("steps", 1)
       << ", train.device: cpu}\ngrid:\n"
       << "  model.block: [pre_norm, op]\n  optimizer.name: [adam, soap]\n  optimizer.learning_rate: [";
  const long rates = arguments.Number("rates", 5);
  for (long i = 0; i < rates; ++i) file << (i > 0 ? ", " : "") << 1e-3 * static_cast<double>(i + 1);
  file << "]\n  seed: [";
  const long seeds = arguments.Number("seeds", 100);
  for (long i = 0; i < seeds; ++i) file << (i > 0 ? ", " : "") << i + arguments.Number("first_seed", 0);
  file << "]\n";
  return file.str();
}

struct CurvesRead {
  long curves = 0;
  long points = 0;
  double sum = 0;
};

CurvesRead ReadCurves(v1::SweepService::Stub& stub, const v1::QueryCurvesRequest& request) {
  CurvesRead read;
  grpc::ClientContext context;
  const auto stream = stub.QueryCurves(&context, request);
  v1::QueryCurvesResponse answer;
  while (stream->Read(&answer)) {
    for (const v1::Curve& curve : answer.curves()) {
      ++read.curves;
      read.points += curve.steps_size();
      for (double value : curve.values()) read.sum += value;
    }
  }
  Check(stream->Finish(), "QueryCurves");
  return read;
}

}  // namespace

nlohmann::json SubmitSweep(const Arguments& arguments) {
  const auto stub = v1::SweepService::NewStub(Connect(arguments));
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(SweepFile(arguments));
  // As `ofsweep submit` sends it of the Python files that it sees.
  v1::InputFingerprint& seen = *request.add_fingerprints();
  seen.set_source("python");
  seen.set_fingerprint("0123456789abcdef0123456789abcdef");
  const Meter meter(arguments);
  grpc::ClientContext context;
  v1::SubmitSweepResponse answer;
  Check(stub->SubmitSweep(&context, request, &answer), "SubmitSweep");
  nlohmann::json result = meter.Read();
  result["pending"] = answer.sweep().trials().pending();
  return result;
}

nlohmann::json QueryCurves(const Arguments& arguments) {
  const auto stub = v1::SweepService::NewStub(Connect(arguments));
  v1::QueryCurvesRequest request;
  request.set_sweep(arguments.Text("sweep"));
  request.add_metrics(arguments.Text("metric", "train_loss"));
  const Meter meter(arguments);
  CurvesRead read;
  Latencies latencies;
  for (long i = 0; i < arguments.Number("repeat", 1); ++i) {
    const Instant sent = Now();
    read = ReadCurves(*stub, request);
    latencies.push_back(SecondsSince(sent));
  }
  nlohmann::json result = meter.Read();
  result.update({{"curves", read.curves}, {"points", read.points}, {"sum", read.sum}, {"latency", Summary(latencies)}});
  return result;
}

nlohmann::json GetTable(const Arguments& arguments) {
  const auto stub = v1::SweepService::NewStub(Connect(arguments));
  v1::GetAblationTableRequest request;
  request.set_sweep(arguments.Text("sweep"));
  for (const char* key : {"model.block", "optimizer.learning_rate"}) request.add_rows(key);
  request.add_cols("optimizer.name");
  for (const char* metric : {"eval_loss", "kurtosis_max"}) request.add_metrics(metric);
  const Meter meter(arguments);
  Latencies latencies;
  v1::GetAblationTableResponse answer;
  for (long i = 0; i < arguments.Number("repeat", 1); ++i) {
    grpc::ClientContext context;
    const Instant sent = Now();
    Check(stub->GetAblationTable(&context, request, &answer), "GetAblationTable");
    latencies.push_back(SecondsSince(sent));
  }
  nlohmann::json result = meter.Read();
  long trials = 0;
  for (const v1::AblationCell& cell : answer.cells()) trials += cell.trials();
  result.update({{"cells", answer.cells_size()}, {"trials", trials}, {"latency", Summary(latencies)}});
  return result;
}

nlohmann::json WatchSweep(const Arguments& arguments) {
  const long watchers = arguments.Number("watchers", 1);
  const long seconds = arguments.Number("seconds", 5);
  const auto channel = Connect(arguments);
  std::mutex mutex;
  long messages = 0;
  long finished = 0;
  Latencies first;
  Latencies gaps;
  const Meter meter(arguments);
  InThreads(watchers, [&](long) {
    const auto stub = v1::SweepService::NewStub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    v1::WatchSweepRequest request;
    request.set_name(arguments.Text("sweep"));
    request.set_min_interval_seconds(static_cast<double>(arguments.Number("interval_ms", 1000)) / 1000);
    Instant before = Now();
    const auto stream = stub->WatchSweep(&context, request);
    v1::WatchSweepResponse answer;
    for (bool is_first = true; stream->Read(&answer); is_first = false) {
      const std::lock_guard lock(mutex);
      (is_first ? first : gaps).push_back(SecondsSince(before));
      before = Now();
      ++messages;
      finished += answer.finished_size();
    }
    const grpc::Status status = stream->Finish();
    if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) Check(status, "WatchSweep");
  });
  nlohmann::json result = meter.Read();
  result.update({{"messages", messages}, {"finished", finished}, {"first", Summary(first)}, {"gap", Summary(gaps)}});
  return result;
}

}  // namespace ofsweep
