#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/host.h"

namespace ofsweep {

struct CudaMemory {
  std::string device;  // Gpu::index
  std::uint64_t total_bytes = 0;
  std::uint64_t used_bytes = 0;  // by all processes
};

// The memory of those `gpus` that the driver tells of, by its library NVML; none where there is no driver. GPUs are
// numbered as on the PCI bus, which is CUDA's order where all are of one model. Takes well under a millisecond, but the
// first call, which loads the library.
std::vector<CudaMemory> ReadCudaMemory(const std::vector<Gpu>& gpus);

}  // namespace ofsweep
