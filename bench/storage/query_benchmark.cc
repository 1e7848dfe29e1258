// What a page, a scheduler and a table ask for.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "bench/storage/workload.h"

namespace ofsweep {
namespace {

constexpr int kCurves = 100;

void InsertSweep(benchmark::State& state) {
  const std::vector<TrialRow> trials = MakeTrials(100'000, 2000);
  for (auto _ : state) {
    state.PauseTiming();
    const BenchFolder folder;
    std::unique_ptr<Store> store = OpenBenchStore(folder.File("ofsweep.db"), Durability::kNormal, 2000);
    std::vector<TrialRow> copy = trials;
    state.ResumeTiming();
    store->Apply({.new_sweep = NewSweep{{.name = "s"}, std::move(copy)}}).get().IgnoreError();
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
}

void LoadTrials(benchmark::State& state) {
  const BenchFolder folder;
  const std::unique_ptr<Store> store = OpenBenchStore(folder.File("ofsweep.db"), Durability::kNormal, 2000);
  store->Apply({.new_sweep = NewSweep{{.name = "s"}, MakeTrials(100'000, 2000)}}).get().IgnoreError();
  for (auto _ : state) {
    if (store->LoadTrials("s").value().size() != 100'000) throw std::runtime_error("trials are missing");
  }
}

// One of four series of each of 100 ended trials; state.range: points of a curve, buckets.
void VisitSealedCurves(benchmark::State& state) {
  const BenchFolder folder;
  const std::unique_ptr<Store> store = OpenBenchStore(folder.File("ofsweep.db"), Durability::kNormal, 500);
  store->Apply({.new_sweep = NewSweep{{.name = "s"}, MakeTrials(kCurves, 2000)}}).get().IgnoreError();
  AppendSteps(*store, kCurves, 0, state.range(0), 4);
  for (int trial = 0; trial < kCurves; ++trial) {
    store->Apply({.trials = {{.trial_id = TrialName(trial), .state = TrialState::kCompleted, .at = 1}}})
        .get()
        .IgnoreError();
  }
  WaitUntilSealed(folder.File("ofsweep.db"));
  const CurveQuery query{
      .sweep = "s", .metrics = {"kurtosis"}, .layers = {2}, .max_buckets = static_cast<std::uint32_t>(state.range(1))};
  for (auto _ : state) {
    int curves = 0;
    store->VisitCurves(query, [&](Curve) { return ++curves > 0; }).IgnoreError();
    if (curves != kCurves) throw std::runtime_error("curves are missing");
  }
}

BENCHMARK(InsertSweep)
    ->Iterations(1)
    ->Repetitions(3)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(LoadTrials)->Iterations(7)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(VisitSealedCurves)
    ->Args({1'000, 0})
    ->Args({10'000, 1'000})
    ->Iterations(7)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ofsweep
