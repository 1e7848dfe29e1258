#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"
#include "bench/control_plane/workers.h"

namespace ofsweep {
namespace {

// On a busy machine a trial takes longer than its lease lasts.
constexpr double kReportSeconds = 5;

struct Percent {
  double server_cpu = 0;  // at its end, since the start of the server
  double resident = 0;    // megabytes
  double log = 0;         // of the write-ahead log, megabytes
  Latencies pushes;
};

// What was stored, and what the server had taken at each percent of the way.
class Progress {
 public:
  explicit Progress(const Arguments& arguments)
      : server_(arguments.Number("pid", 0)),
        log_path_(arguments.Text("db") + "-wal"),
        total_(arguments.Number("points", 5'000'000)),
        began_with_(CpuSecondsOf(server_)) {}

  // True once all points are stored.
  bool Add(long points, double latency) {
    const std::lock_guard lock(mutex_);
    stored_ += points;
    percents_[std::min<std::size_t>(percent_, kPercents - 1)].pushes.push_back(latency);
    for (; percent_ < kPercents && stored_ * kPercents >= total_ * static_cast<long>(percent_ + 1); ++percent_) {
      Percent& done = percents_[percent_];
      done.server_cpu = CpuSecondsOf(server_);
      done.resident = ResidentMegabytes(server_);
      done.log = FileMegabytes(log_path_);
    }
    return stored_ >= total_;
  }

  nlohmann::json ToJson() const {
    nlohmann::json all = nlohmann::json::array();
    double before = began_with_;
    for (const Percent& one : percents_) {
      const nlohmann::json pushes = Summary(one.pushes);
      all.push_back({{"server_cpu", one.server_cpu - before},
                     {"resident_mb", one.resident},
                     {"log_mb", one.log},
                     {"push_p50", pushes.at("p50")},
                     {"push_p99", pushes.at("p99")}});
      before = one.server_cpu;
    }
    return all;
  }

  long stored() const { return stored_; }

 private:
  static constexpr long kPercents = 100;

  const long server_;
  const std::string log_path_;
  const long total_;
  const double began_with_;
  std::mutex mutex_;
  long stored_ = 0;
  std::size_t percent_ = 0;
  std::vector<Percent> percents_ = std::vector<Percent>(kPercents);
};

// True once all points are stored.
bool TrainOne(long steps, long batch, BenchWorker& worker, Progress& progress) {
  const v1::Start start = worker.TakeOne();
  v1::PushMetricsRequest push = worker.NewPush();
  v1::TrialPoints& points = AddTrial(start, kSeries, push);
  for (long row = 0; row < batch; ++row) points.add_rows();
  bool is_done = false;
  long step = 1;
  Instant renewed = Now();
  for (; step <= steps && !is_done; step += batch) {
    if (SecondsSince(renewed) > kReportSeconds) {
      v1::SynchronizeRequest report = worker.NewReport(1);
      AddRunning(start, step - 1, report);
      worker.Synchronize(report);
      renewed = Now();
    }
    for (long row = 0; row < batch; ++row) FillRow(step + row, kSeries, *points.mutable_rows(static_cast<int>(row)));
    const long stored = worker.Push(push);
    is_done = progress.Add(stored, worker.push_latencies.back());
  }
  if (worker.rejected > 0) throw std::runtime_error("a push was not taken");
  worker.Complete(start, step - 1);
  return is_done;
}

}  // namespace

nlohmann::json Grow(const Arguments& arguments) {
  const long steps = arguments.Number("steps", 3500);
  const long batch = arguments.Number("batch", 10);
  Progress progress(arguments);
  const Meter meter(arguments);
  InThreads(arguments.Number("clients", 4), [&](long i) {
    BenchWorker worker(arguments, arguments.Text("prefix", "grow") + std::to_string(i));
    while (!TrainOne(steps, batch, worker, progress)) {
    }
  });
  nlohmann::json result = meter.Read();
  result.update({{"points", progress.stored()}, {"percents", progress.ToJson()}});
  return result;
}

}  // namespace ofsweep
