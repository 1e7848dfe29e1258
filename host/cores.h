#pragma once

#include <filesystem>

namespace ofsweep {

// The least CPU quota, in cores, of this process's control group and of those above it; infinity without one. `root`
// stands for "/" in tests.
double CpuQuota(const std::filesystem::path& root = "/");

// CPU cores that this process may use: its affinity mask, or a smaller quota rounded up; at least 1.
int UsableCores();

// What train.threads: auto is where `slots` trials run side by side: a slot's share of the cores, no more than
// OMP_NUM_THREADS (null where that is not set; of a list the first number), at least 1.
int ThreadsOfATrial(int cores, int slots, const char* omp_num_threads);

}  // namespace ofsweep
