#include "worker/cuda_memory.h"

#include <dlfcn.h>

#include <optional>

#include "absl/strings/numbers.h"

namespace ofsweep {
namespace {

// The part of nvml.h that is used here: its interface is stable, and no machine without a GPU has the library.
using NvmlDevice = struct NvmlDeviceHandle*;
struct NvmlMemory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
constexpr int kNvmlSuccess = 0;

class Nvml {
 public:
  Nvml() : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) return;
    const auto init = Function<int()>("nvmlInit_v2");
    by_index_ = Function<int(unsigned, NvmlDevice*)>("nvmlDeviceGetHandleByIndex_v2");
    by_uuid_ = Function<int(const char*, NvmlDevice*)>("nvmlDeviceGetHandleByUUID");
    memory_ = Function<int(NvmlDevice, NvmlMemory*)>("nvmlDeviceGetMemoryInfo");
    usable_ =
        init != nullptr && by_index_ != nullptr && by_uuid_ != nullptr && memory_ != nullptr && init() == kNvmlSuccess;
  }

  std::optional<NvmlMemory> MemoryOf(const Gpu& gpu) const {
    if (!usable_) return std::nullopt;
    NvmlDevice device = nullptr;
    unsigned index = 0;
    const int found =
        absl::SimpleAtoi(gpu.index, &index) ? by_index_(index, &device) : by_uuid_(gpu.index.c_str(), &device);
    NvmlMemory memory{};
    if (found != kNvmlSuccess || memory_(device, &memory) != kNvmlSuccess) return std::nullopt;
    return memory;
  }

 private:
  template <class Signature>
  Signature* Function(const char* name) const {
    return reinterpret_cast<Signature*>(dlsym(library_, name));
  }

  // Never unloaded: other threads of the driver may still run in it.
  void* const library_;
  int (*by_index_)(unsigned, NvmlDevice*) = nullptr;
  int (*by_uuid_)(const char*, NvmlDevice*) = nullptr;
  int (*memory_)(NvmlDevice, NvmlMemory*) = nullptr;
  bool usable_ = false;
};

}  // namespace

std::vector<CudaMemory> ReadCudaMemory(const std::vector<Gpu>& gpus) {
  if (gpus.empty()) return {};
  static const Nvml nvml;
  std::vector<CudaMemory> memories;
  for (const Gpu& gpu : gpus) {
    if (const auto memory = nvml.MemoryOf(gpu)) memories.push_back({gpu.index, memory->total, memory->used});
  }
  return memories;
}

}  // namespace ofsweep
