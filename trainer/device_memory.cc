#include "trainer/device_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include <c10/core/CachingDeviceAllocator.h>

#include "absl/strings/str_cat.h"
#include "experiment/memory_advice.h"
#include "experiment/memory_estimate.h"
#include "trainer/cgroup.h"

namespace ofsweep {
namespace {

// The number behind a name in a file of names and numbers; 0 where it is not there.
double FieldOf(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  double value = 0;
  while (file >> word) {
    if (word == name && file >> value) return value;
  }
  return 0;
}

}  // namespace

double DeviceMemoryBytes(at::Device device) {
  if (!device.is_cpu()) {
    return static_cast<double>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).second);
  }
  double bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  for (const std::filesystem::path& folder : CgroupFolders()) {
    std::ifstream file(folder / "memory.max");
    double limit = 0;  // "max" is no number and leaves the stream failed
    if (file >> limit) bytes = std::min(bytes, limit);
  }
  return bytes;
}

double FreeMemoryBytes(at::Device device) {
  if (!device.is_cpu()) {
    return static_cast<double>(c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first);
  }
  double bytes = std::min(DeviceMemoryBytes(device), 1024 * FieldOf("/proc/meminfo", "MemAvailable:"));
  for (const std::filesystem::path& folder : CgroupFolders()) {
    std::ifstream most(folder / "memory.max"), now(folder / "memory.current");
    double limit = 0, used = 0;
    if (!(most >> limit) || !(now >> used)) continue;
    // Files that were read once make room for tensors.
    bytes = std::min(bytes, limit - used + FieldOf(folder / "memory.stat", "inactive_file"));
  }
  return bytes;
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
