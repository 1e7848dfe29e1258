#include "trainer/device_memory.h"

#include <string>

#include <c10/core/CachingDeviceAllocator.h>

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

MemoryShare ShareOfMemory(at::Device device, const MachineShare& share) {
  if (device.is_cpu()) return {share.memory_bytes > 0 ? share.memory_bytes : FreeMemoryBytes(), share.slots};
  return {share.gpu_slots == 1 ? FreeDeviceMemoryBytes(device) : DeviceMemoryBytes(device), share.gpu_slots};
}

absl::Status CheckItFits(const TrialConfig& config, const MemoryShare& share) {
  const std::string why = WhyItsShareIsTooSmall(config, config.Integer("train.micro_batch_size"), share);
  return why.empty() ? absl::OkStatus() : absl::OutOfRangeError(why);
}

absl::Status CheckItCanBeEvaluated(const TrialConfig& config, const MemoryShare& share) {
  const std::string why = WhyItCannotBeEvaluated(config, config.Integer("train.micro_batch_size"), share);
  return why.empty() ? absl::OkStatus() : absl::OutOfRangeError(why);
}

}  // namespace ofsweep
