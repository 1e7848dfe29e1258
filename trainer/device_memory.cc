#include "trainer/device_memory.h"

#include <c10/core/CachingDeviceAllocator.h>

#include "absl/strings/str_cat.h"
#include "experiment/memory_advice.h"
#include "experiment/memory_estimate.h"
#include "host/memory.h"

namespace ofsweep {

double DeviceMemoryBytes(at::Device device) {
  if (device.is_cpu()) return MemoryBytes();
  return static_cast<double>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).second);
}

double FreeDeviceMemoryBytes(at::Device device) {
  if (device.is_cpu()) return FreeMemoryBytes();
  return static_cast<double>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first);
}

absl::Status CheckItFits(const TrialConfig& config, at::Device device) {
  const double has = DeviceMemoryBytes(device);
  const MemoryEstimate needs = EstimateMemory(config, config.Integer("train.micro_batch_size"));
  if (needs.peak <= has) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("a training step needs ", MemoryByPart(needs), "; ",
                                            device.is_cpu() ? "this machine" : "this GPU", " has ", Gigabytes(has),
                                            ": ", HowToNeedLess(config, has)));
}

}  // namespace ofsweep
