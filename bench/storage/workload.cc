#include "bench/storage/workload.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::array kMetrics = {"kurtosis", "kurtosis_centred", "mmr", "rms", "max_abs", "sink_rate"};
constexpr int kLayers = kSeries / static_cast<int>(kMetrics.size());

void Check(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace

BenchFolder::BenchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "bench-storage-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

BenchFolder::~BenchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TrialName(int trial) {
  // Spread over the index like the hashes they stand for.
  char name[17];
  std::snprintf(name, sizeof(name), "%016llx", (trial + 1) * 0x9E3779B97F4A7C15ull);
  return name;
}

std::vector<TrialRow> MakeTrials(int count, std::size_t config_bytes) {
  std::vector<TrialRow> trials(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    TrialRow& trial = trials[static_cast<std::size_t>(i)];
    trial.trial_id = TrialName(i);
    trial.config_hash = absl::StrCat(trial.trial_id, std::string(48, '0'));
    std::string& config = trial.config_json;
    config = absl::StrCat(
        "{\"model.block\":\"op\",\"optimizer.name\":\"adam\",\"optimizer.learning_rate\":0.001,\"seed\":", i);
    for (int key = 0; config.size() < config_bytes; ++key)
      absl::StrAppend(&config, ",\"model.some_key_", key, "\":", key * 7);
    config += "}";
    trial.target_steps = 10'000;
  }
  return trials;
}

std::unique_ptr<Store> OpenBenchStore(const std::string& path, Durability durability, std::int64_t seal_every_steps) {
  absl::StatusOr<std::unique_ptr<Store>> store =
      Store::Open({.path = path, .durability = durability, .seal_every_steps = seal_every_steps});
  Check(store.status());
  return *std::move(store);
}

StepPoints MakeReport(std::int64_t step, int series) {
  static const std::vector<MetricPoint> points = [] {
    std::vector<MetricPoint> made;
    for (const char* metric : kMetrics) {
      for (int layer = 0; layer < kLayers; ++layer) made.push_back({{metric, layer, "block"}, 1.25 + layer});
    }
    return made;
  }();
  return {.step = step,
          .tokens = step * 2048,
          .seconds = static_cast<double>(step) * 0.125,
          .points = {points.begin(), points.begin() + series}};
}

void AppendSteps(Store& store, int trials, std::int64_t first, std::int64_t end, int series) {
  std::vector<std::future<absl::StatusOr<PushCounts>>> in_flight(static_cast<std::size_t>(trials));
  std::vector<std::string> names;
  for (int trial = 0; trial < trials; ++trial) names.push_back(TrialName(trial));
  for (std::int64_t step = first; step < end; ++step) {
    for (std::size_t trial = 0; trial < names.size(); ++trial) {
      if (in_flight[trial].valid()) Check(in_flight[trial].get().status());
      in_flight[trial] = store.AppendPoints({names[trial]}, 0, ColumnsOf({MakeReport(step, series)}));
    }
  }
  for (auto& last : in_flight) {
    if (last.valid()) Check(last.get().status());
  }
}

void WaitUntilSealed(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READONLY);
  while (database.execAndGet("SELECT EXISTS (SELECT 1 FROM recent_points)").getInt() != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace ofsweep
