#include "worker/worker_metrics.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "monitoring/metric_families.h"
#include "monitoring/process_metrics.h"
#include "worker/cuda_memory.h"

namespace ofsweep {
namespace {

using prometheus::MetricFamily;

// From a step of a toy model to an evaluation of a large one.
const prometheus::Histogram::BucketBoundaries kStepSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                              0.5,   1,      2.5,   5,    10,    30,   60,  300};

}  // namespace

WorkerMetrics::WorkerMetrics(std::vector<Gpu> gpus)
    : gpus_(std::move(gpus)),
      step_durations_(prometheus::BuildHistogram()
                          .Name("ofsweep_worker_step_duration_seconds")
                          .Help("Time of an update, an update that also measures, an evaluation, a checkpoint; means "
                                "between two reports of a trainer.")
                          .Register(registry_)) {
  for (const TrainerPhase phase : kTrainerPhases) {
    step_durations_.Add({{"phase", std::string(Name(phase))}}, kStepSeconds);
  }
}

void WorkerMetrics::Observe(const std::vector<PhaseTime>& phases) {
  for (const PhaseTime& phase : phases) {
    // A trainer in disorder must not break a histogram for good.
    if (phase.times <= 0 || !std::isfinite(phase.seconds) || phase.seconds < 0) continue;
    const double mean = phase.seconds / static_cast<double>(phase.times);
    std::vector<double> counts(kStepSeconds.size() + 1, 0);
    const auto bucket = std::lower_bound(kStepSeconds.begin(), kStepSeconds.end(), mean) - kStepSeconds.begin();
    counts[static_cast<std::size_t>(bucket)] = static_cast<double>(phase.times);
    step_durations_.Add({{"phase", std::string(Name(phase.phase))}}, kStepSeconds)
        .ObserveMultiple(counts, phase.seconds);
  }
}

std::string WorkerMetrics::Scrape() const {
  std::vector<MetricFamily> families = registry_.Collect();
  MetricFamily& unsent =
      families.emplace_back(GaugeFamily("worker_unsent_points", "Points in the outboxes of this worker."));
  AddSeries(unsent, {}, static_cast<double>(unsent_points_));
  MetricFamily& memory = families.emplace_back(
      GaugeFamily("worker_cuda_memory_bytes", "Memory of the GPUs of this worker, and what all processes use of it."));
  for (const CudaMemory& gpu : ReadCudaMemory(gpus_)) {
    AddSeries(memory, {{"device", gpu.device}, {"kind", "total"}}, static_cast<double>(gpu.total_bytes));
    AddSeries(memory, {{"device", gpu.device}, {"kind", "used"}}, static_cast<double>(gpu.used_bytes));
  }
  AppendProcessMetrics(families);
  return ToExposition(std::move(families));
}

}  // namespace ofsweep
