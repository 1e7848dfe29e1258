#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"
#include "bench/control_plane/workers.h"

namespace ofsweep {

nlohmann::json PushSteps(const Arguments& arguments) {
  const long clients = arguments.Number("clients", 1);
  const long batch = arguments.Number("batch", 1);
  const long steps = arguments.Number("steps", 1000);
  const long series = arguments.Number("series", kSeries);
  std::vector<std::unique_ptr<BenchWorker>> workers;
  std::vector<v1::Start> starts;
  for (long i = 0; i < clients; ++i) {
    const std::string id = arguments.Text("prefix", "push") + std::to_string(i);
    workers.push_back(std::make_unique<BenchWorker>(arguments, id));
    starts.push_back(workers.back()->TakeOne());
  }
  std::atomic<long> stored{0};
  const Meter meter(arguments);
  InThreads(clients, [&](long i) {
    v1::PushMetricsRequest push = workers[i]->NewPush();
    v1::TrialPoints& points = AddTrial(starts[i], series, push);
    for (long row = 0; row < batch; ++row) points.add_rows();
    for (long step = 1; step <= steps; step += batch) {
      for (long row = 0; row < batch; ++row) FillRow(step + row, series, *points.mutable_rows(static_cast<int>(row)));
      stored += workers[i]->Push(push);
    }
    if (workers[i]->rejected > 0) throw std::runtime_error("a push was not taken");
  });
  nlohmann::json result = meter.Read();
  Latencies latencies;
  for (long i = 0; i < clients; ++i) {
    if (arguments.Flag("end")) workers[i]->Complete(starts[i], steps);
    const Latencies& some = workers[i]->push_latencies;
    latencies.insert(latencies.end(), some.begin(), some.end());
  }
  result.update({{"points", stored.load()}, {"pushes", latencies.size()}, {"latency", Summary(latencies)}});
  return result;
}

nlohmann::json HoldTrials(const Arguments& arguments) {
  const long trials = arguments.Number("trials", 200);
  const Instant began = Now();
  const double interval = static_cast<double>(arguments.Number("interval_ms", 500)) / 1000;
  const ParentIsDone is_done(true);
  BenchWorker worker(arguments, arguments.Text("prefix", "hold"));
  const v1::SynchronizeResponse answer = worker.Synchronize(worker.NewReport(trials));
  if (answer.start_size() != trials) throw std::runtime_error("too few trials are to be started");
  for (long step = 1; !is_done(); ++step) {
    v1::PushMetricsRequest push = worker.NewPush();
    v1::SynchronizeRequest report = worker.NewReport(trials);
    for (const v1::Start& start : answer.start()) {
      FillRow(step, kSeries, *AddTrial(start, kSeries, push).add_rows());
      AddRunning(start, step, report);
    }
    worker.Push(push);
    worker.Synchronize(report);
    if (step == 1) {
      std::puts("ready");
      std::fflush(stdout);
    }
    const Instant next = began + Seconds(interval * static_cast<double>(step));
    while (!is_done() && Now() < next) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {{"latency", Summary(worker.push_latencies)}};
}

}  // namespace ofsweep
