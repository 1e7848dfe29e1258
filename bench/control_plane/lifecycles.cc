#include <grpcpp/grpcpp.h>

#include <atomic>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"
#include "bench/control_plane/workers.h"

namespace ofsweep {
namespace {

using Starts = std::vector<v1::Start>;

struct LifecycleLoad {
  long slots = 0;
  long series = 0;
  long limit = 0;
  bool begun = false;
};

void ReportBegun(const Starts& held, long slots, BenchWorker& worker) {
  v1::SynchronizeRequest report = worker.NewReport(slots);
  for (const v1::Start& start : held) {
    v1::Begun& begun = *AddRunning(start, 0, report).mutable_begun();
    begun.set_from_step(0);
    begun.set_config_json(start.config_json());
  }
  worker.Synchronize(report);
}

void PushFirstStep(const Starts& held, long series, BenchWorker& worker) {
  v1::PushMetricsRequest push = worker.NewPush();
  for (const v1::Start& start : held) FillRow(1, series, *AddTrial(start, series, push).add_rows());
  worker.Push(push);
}

void Live(const LifecycleLoad& load, const ParentIsDone& is_done, std::atomic<long>& ended, BenchWorker& worker) {
  Starts held;
  while (true) {
    const bool is_enough = is_done() || ended + static_cast<long>(held.size()) >= load.limit;
    v1::SynchronizeRequest report = worker.NewReport(is_enough ? 0 : load.slots);
    for (const v1::Start& start : held) AddCompleted(start, 1, report);
    const v1::SynchronizeResponse answer = worker.Synchronize(report);
    if (answer.forget_size() != report.attempts_size()) throw std::runtime_error("an end was not recorded");
    ended += answer.forget_size();
    held.assign(answer.start().begin(), answer.start().end());
    if (held.empty()) return;
    if (load.begun) ReportBegun(held, load.slots, worker);
    PushFirstStep(held, load.series, worker);
  }
}

// CPU seconds of the server, and how the call ended.
std::pair<double, grpc::Status> Cost(const Arguments& arguments, const v1::SynchronizeRequest& report,
                                     BenchWorker& worker) {
  const Meter meter(arguments);
  grpc::ClientContext context;
  v1::SynchronizeResponse answer;
  const grpc::Status status = worker.stub().Synchronize(&context, report, &answer);
  return {meter.Read().at("server_cpu"), status};
}

}  // namespace

nlohmann::json RunLifecycles(const Arguments& arguments) {
  const long workers = arguments.Number("workers", 8);
  const bool beside = arguments.Flag("beside");
  const LifecycleLoad load{.slots = arguments.Number("slots", 1),
                           .series = arguments.Number("series", 1),
                           .limit = arguments.Number("trials", std::numeric_limits<long>::max()),
                           .begun = arguments.Flag("begun")};
  const ParentIsDone is_done(beside);
  std::vector<std::unique_ptr<BenchWorker>> all;
  for (long i = 0; i < workers; ++i) {
    all.push_back(std::make_unique<BenchWorker>(arguments, arguments.Text("prefix", "life") + std::to_string(i)));
    all.back()->Synchronize(all.back()->NewReport(0));  // connects
    all.back()->synchronize_latencies.clear();
  }
  std::atomic<long> ended{0};
  const Meter meter(arguments);
  InThreads(workers, [&](long i) { Live(load, is_done, ended, *all[i]); });
  nlohmann::json result = meter.Read();
  Latencies synchronize;
  Latencies push;
  long rejected = 0;
  for (const auto& worker : all) {
    synchronize.insert(synchronize.end(), worker->synchronize_latencies.begin(), worker->synchronize_latencies.end());
    push.insert(push.end(), worker->push_latencies.begin(), worker->push_latencies.end());
    rejected += worker->rejected;
  }
  result.update({{"ended", ended.load()}, {"rejected", rejected}});
  result.update({{"synchronize", Summary(synchronize)}, {"push", Summary(push)}});
  return result;
}

nlohmann::json ReportFalseAttempts(const Arguments& arguments) {
  const long honest = arguments.Number("honest", 1000);
  const long invented = arguments.Number("false", 100'000);
  const long repeat = arguments.Number("repeat", 10);
  BenchWorker worker(arguments, arguments.Text("prefix", "honest"));
  const v1::SynchronizeResponse answer = worker.Synchronize(worker.NewReport(honest));
  if (answer.start_size() != honest) throw std::runtime_error("too few trials are to be started");
  v1::SynchronizeRequest report = worker.NewReport(honest);
  for (const v1::Start& start : answer.start()) AddRunning(start, 1, report);
  double honest_cpu = 0;
  for (long i = 0; i < repeat; ++i) {
    const auto [cpu, status] = Cost(arguments, report, worker);
    Check(status, "Synchronize");
    honest_cpu += cpu / static_cast<double>(repeat);
  }

  report = worker.NewReport(honest);
  for (long i = 0; i < invented; ++i) {
    v1::Start start;
    start.set_trial_id(std::to_string(1'000'000'000'000'000 + i));
    start.set_generation(1);
    AddRunning(start, 1, report);
  }
  const auto [false_cpu, status] = Cost(arguments, report, worker);
  return {{"honest_cpu_each", honest_cpu / static_cast<double>(honest)},
          {"false_cpu_each", false_cpu / static_cast<double>(invented)},
          {"refused", !status.ok()},
          {"message", status.error_message()}};
}

}  // namespace ofsweep
