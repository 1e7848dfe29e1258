#include "host/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "host/control_groups.h"
#include "host/kernel_file.h"

namespace ofsweep {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// Nothing, "max" and −1 are no limit.
double Cores(std::optional<double> quota, std::optional<double> period) {
  return quota && period && *quota > 0 && *period > 0 ? *quota / *period : kUnlimited;
}

}  // namespace

double CpuQuota(const std::filesystem::path& root) {
  const ControlGroups groups = FindControlGroups("cpu", root);
  double cores = kUnlimited;
  for (const std::filesystem::path& folder : groups.unified) {
    const std::string text = ReadText(folder / "cpu.max");  // "QUOTA PERIOD"
    cores = std::min(
        cores, Cores(ReadKernelNumber(text), ReadKernelNumber(absl::string_view(text).substr(text.find(' ') + 1))));
  }
  for (const std::filesystem::path& folder : groups.controller) {
    cores = std::min(cores, Cores(ReadKernelNumber(ReadText(folder / "cpu.cfs_quota_us")),
                                  ReadKernelNumber(ReadText(folder / "cpu.cfs_period_us"))));
  }
  return cores;
}

int UsableCores() {
  cpu_set_t mask;
  const double allowed = ::sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  return static_cast<int>(std::max(1.0, std::min(allowed, std::ceil(CpuQuota()))));
}

int ThreadsOfATrial(int cores, int slots, const char* omp_num_threads) {
  int threads = cores / std::max(slots, 1);
  int most = 0;
  const absl::string_view text = omp_num_threads == nullptr ? "" : omp_num_threads;
  if (absl::SimpleAtoi(text.substr(0, text.find(',')), &most) && most > 0) threads = std::min(threads, most);
  return std::max(threads, 1);
}

}  // namespace ofsweep
