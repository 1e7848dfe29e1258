#pragma once

#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

// A kernel that is compiled on the machine that runs it, by the NVRTC that comes with LibTorch: the build needs no
// CUDA.
class GpuKernel {
 public:
  // `source` is CUDA C++ with a function `extern "C" __global__ void NAME(…)`, for compute capability 8.0 and newer.
  // CUDA has to be initialised. UNAVAILABLE where NVRTC or the driver refuses, with what it says.
  static absl::StatusOr<GpuKernel> Compile(const std::string& source, const std::string& name);

  // Enqueues it on the default stream of the current device. `arguments` point to the values, in the kernel's order.
  void Launch(unsigned blocks, unsigned threads, std::span<void*> arguments) const;

 private:
  explicit GpuKernel(void* function) : function_(function) {}

  void* function_;  // a CUfunction, which lives as long as the process
};

}  // namespace ofsweep
