#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ofsweep {

// Tokens that a worker has prepared (DatasetsFolder), which no trial has opened for some time. A trainer that opens
// prepared tokens sets their folder's time (trainer/dataset.cc).
struct UnusedDataSet {
  std::filesystem::path folder;
  std::uint64_t bytes = 0;
};

// Oldest use first; also what a preparation that was killed has left, where no later one took it away.
std::vector<UnusedDataSet> FindUnusedDataSets(const std::filesystem::path& datasets,
                                              std::filesystem::file_time_type used_before);

// False where a trial has opened it meanwhile, or it has gone. Who has its files mapped keeps them.
bool RemoveUnused(const UnusedDataSet& data_set, std::filesystem::file_time_type used_before);

}  // namespace ofsweep
