#include "bench/control_plane/meter.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <numeric>
#include <thread>

namespace ofsweep {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

double CpuSecondsOf(long process) {
  clockid_t clock = 0;
  timespec time{};
  if (process <= 0 || clock_getcpuclockid(static_cast<pid_t>(process), &clock) != 0) return 0;
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double ResidentMegabytes(long process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

double FileMegabytes(const std::string& path) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path, missing);
  return missing ? 0 : static_cast<double>(bytes) / 1e6;
}

Meter::Meter(const Arguments& arguments) : server_(arguments.Number("pid", 0)), server_cpu_(CpuSecondsOf(server_)) {}

nlohmann::json Meter::Read() const {
  return {{"wall", SecondsSince(start_)},
          {"client_cpu", OwnCpuSeconds() - own_cpu_},
          {"server_cpu", CpuSecondsOf(server_) - server_cpu_}};
}

nlohmann::json Summary(Latencies latencies) {
  if (latencies.empty()) return {{"n", 0}, {"mean", 0.0}, {"p50", 0.0}, {"p99", 0.0}, {"max", 0.0}};
  std::sort(latencies.begin(), latencies.end());
  const double count = static_cast<double>(latencies.size());
  const auto at = [&](double share) { return latencies[static_cast<std::size_t>(share * (count - 1))] * 1e3; };
  const double sum = std::accumulate(latencies.begin(), latencies.end(), 0.0);
  return {{"n", latencies.size()}, {"mean", sum / count * 1e3}, {"p50", at(0.5)}, {"p99", at(0.99)}, {"max", at(1)}};
}

void InThreads(long count, const std::function<void(long)>& work) {
  std::vector<std::future<void>> all;
  for (long i = 0; i < count; ++i) all.push_back(std::async(std::launch::async, work, i));
  for (auto& one : all) one.get();
}

ParentIsDone::ParentIsDone(bool watch) : done_(std::make_shared<std::atomic<bool>>(false)) {
  if (!watch) return;
  std::thread([done = done_] {
    while (std::cin.get() != std::char_traits<char>::eof()) {
    }
    *done = true;
  }).detach();
}

}  // namespace ofsweep
