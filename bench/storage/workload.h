#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/store.h"

namespace ofsweep {

// The load that PERFORMANCE goals are stated for: 64 trials that each report 72 series a step.
inline constexpr int kTrials = 64;
inline constexpr int kSeries = 72;

// A folder of its own, removed at the end.
class BenchFolder {
 public:
  BenchFolder();
  ~BenchFolder();
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string TrialName(int trial);
std::vector<TrialRow> MakeTrials(int count, std::size_t config_bytes);

// Opens a new store; exits with the reason when that fails.
std::unique_ptr<Store> OpenBenchStore(const std::string& path, Durability durability, std::int64_t seal_every_steps);

// One report: the first `series` of a step's 72 points, 6 metrics over 12 layers.
StepPoints MakeReport(std::int64_t step, int series = kSeries);

// Sends steps [first, end) of all trials, one report in flight for each trial, as 64 workers would. Returns when all
// are durable.
void AppendSteps(Store& store, int trials, std::int64_t first, std::int64_t end, int series = kSeries);

// Returns when the writer has moved all points of ended trials. Sealing has no future of its own, because readers
// cannot tell.
void WaitUntilSealed(const std::string& path);

}  // namespace ofsweep
