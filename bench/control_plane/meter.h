#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/control_plane/arguments.h"

namespace ofsweep {

using Instant = std::chrono::steady_clock::time_point;

inline Instant Now() {
  return std::chrono::steady_clock::now();
}
inline double SecondsSince(Instant start) {
  return std::chrono::duration<double>(Now() - start).count();
}
inline std::chrono::steady_clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

double OwnCpuSeconds();
// Of another process, ended threads included; 0 where there is none.
double CpuSecondsOf(long process);
double ResidentMegabytes(long process);
double FileMegabytes(const std::string& path);

// Wall and processor seconds since it was made, of this process and of the server (--pid).
class Meter {
 public:
  explicit Meter(const Arguments& arguments);
  // wall, client_cpu and server_cpu.
  nlohmann::json Read() const;
  Instant start() const { return start_; }

 private:
  Instant start_ = Now();
  double own_cpu_ = OwnCpuSeconds();
  long server_ = 0;
  double server_cpu_ = 0;
};

using Latencies = std::vector<double>;  // seconds

// n, mean, p50, p99 and max, in milliseconds.
nlohmann::json Summary(Latencies latencies);

// Calls work(0) … work(count - 1), a thread each; throws what one of them threw.
void InThreads(long count, const std::function<void(long)>& work);

// True once standard input has ended: by that a parent stops a load that runs beside something else. Ask once a
// process.
class ParentIsDone {
 public:
  // Without `watch` it never comes.
  explicit ParentIsDone(bool watch);
  bool operator()() const { return *done_; }

 private:
  std::shared_ptr<std::atomic<bool>> done_;
};

}  // namespace ofsweep
