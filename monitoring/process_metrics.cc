#include "monitoring/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "monitoring/metric_families.h"

namespace ofsweep {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

const double kStartSeconds = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenDescriptors() {
  double open = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    (void)entry;
    ++open;
  }
  return open;
}

double MaxDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

void Append(const std::string& name, const std::string& help, MetricType type, double value,
            std::vector<MetricFamily>& families) {
  MetricFamily& family = families.emplace_back(MetricFamily{name, help, type, {}});
  AddSeries(family, {}, value);
}

}  // namespace

void AppendProcessMetrics(std::vector<MetricFamily>& families) {
  Append("process_cpu_seconds_total", "CPU time of this process, of all cores.", MetricType::Counter, CpuSeconds(),
         families);
  Append("process_resident_memory_bytes", "Memory of this process.", MetricType::Gauge, ResidentBytes(), families);
  Append("process_open_fds", "File descriptors that this process has open.", MetricType::Gauge, OpenDescriptors(),
         families);
  Append("process_max_fds", "File descriptors that this process may have open.", MetricType::Gauge, MaxDescriptors(),
         families);
  Append("process_start_time_seconds", "When this process started.", MetricType::Gauge, kStartSeconds, families);
}

}  // namespace ofsweep
