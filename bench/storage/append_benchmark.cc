// Points a second through Store::AppendPoints, beside the SQLite C API writing the same rows into the same table.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <stdexcept>

#include "bench/storage/workload.h"

namespace ofsweep {
namespace {

constexpr std::int64_t kSteps = 100;
constexpr int kRowsOfReport = kSeries + 2;  // with tokens and seconds

void Execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database));
  }
}

// The best that SQLite does with this layout and this grouping: one prepared insert, one transaction for a step of all
// trials.
void RawAppend(sqlite3* database) {
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO recent_points VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING", -1, &insert,
                     nullptr);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    Execute(database, "BEGIN");
    for (int trial = 0; trial < kTrials; ++trial) {
      for (int series = 0; series < kRowsOfReport; ++series) {
        sqlite3_bind_int64(insert, 1, trial);
        sqlite3_bind_int64(insert, 2, step);
        sqlite3_bind_int64(insert, 3, series);
        sqlite3_bind_double(insert, 4, 1.25 + series);
        if (sqlite3_step(insert) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database));
        sqlite3_reset(insert);
      }
    }
    Execute(database, "COMMIT");
  }
  sqlite3_finalize(insert);
}

void SetPoints(benchmark::State& state) {
  state.counters["points/s"] = benchmark::Counter(static_cast<double>(state.iterations()) * kSteps * kTrials * kSeries,
                                                  benchmark::Counter::kIsRate);
}

void Raw(benchmark::State& state, const char* synchronous) {
  for (auto _ : state) {
    state.PauseTiming();
    const BenchFolder folder;
    sqlite3* database = nullptr;
    sqlite3_open(folder.File("raw.db").c_str(), &database);
    Execute(database, "PRAGMA journal_mode = WAL");
    Execute(database, synchronous);
    Execute(database, "PRAGMA cache_size = -65536");
    Execute(database, "PRAGMA wal_autocheckpoint = 4096");
    Execute(database,
            "CREATE TABLE recent_points (trial INTEGER NOT NULL, step INTEGER NOT NULL, series INTEGER NOT NULL, "
            "value REAL, PRIMARY KEY (trial, step, series)) WITHOUT ROWID");
    state.ResumeTiming();
    RawAppend(database);
    state.PauseTiming();
    sqlite3_close(database);
    state.ResumeTiming();
  }
  SetPoints(state);
}

void Append(benchmark::State& state, Durability durability, std::int64_t seal_every_steps) {
  for (auto _ : state) {
    state.PauseTiming();
    const BenchFolder folder;
    std::unique_ptr<Store> store = OpenBenchStore(folder.File("ofsweep.db"), durability, seal_every_steps);
    store->Apply({.new_sweep = NewSweep{{.name = "s"}, MakeTrials(kTrials, 2000)}}).get().IgnoreError();
    state.ResumeTiming();
    AppendSteps(*store, kTrials, 0, kSteps);
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
  SetPoints(state);
}

// Two periods of sealing on a store that holds `state.range(0)` points already: the cost of a point must not grow.
void AppendToLarge(benchmark::State& state) {
  constexpr std::int64_t kSealEverySteps = 250;
  const BenchFolder folder;
  const std::unique_ptr<Store> store = OpenBenchStore(folder.File("ofsweep.db"), Durability::kNormal, kSealEverySteps);
  store->Apply({.new_sweep = NewSweep{{.name = "s"}, MakeTrials(kTrials, 2000)}}).get().IgnoreError();
  const std::int64_t first = state.range(0) / (kTrials * kSeries);
  AppendSteps(*store, kTrials, 0, first);
  for (auto _ : state) AppendSteps(*store, kTrials, first, first + 2 * kSealEverySteps);
  state.counters["points/s"] =
      benchmark::Counter(2.0 * kSealEverySteps * kTrials * kSeries, benchmark::Counter::kIsRate);
}

// Wall time, and the processor time of all threads: the writer's work is not the caller's.
void Set(benchmark::internal::Benchmark* benchmark) {
  benchmark->Iterations(1)->Repetitions(7)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(Raw, NORMAL, "PRAGMA synchronous = NORMAL")->Apply(Set);
BENCHMARK_CAPTURE(Append, NORMAL, Durability::kNormal, 2000)->Apply(Set);
BENCHMARK_CAPTURE(Raw, FULL, "PRAGMA synchronous = FULL")->Apply(Set);
BENCHMARK_CAPTURE(Append, FULL, Durability::kFull, 2000)->Apply(Set);
BENCHMARK_CAPTURE(Append, sealing_NORMAL, Durability::kNormal, 25)->Apply(Set);
BENCHMARK(AppendToLarge)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ofsweep
