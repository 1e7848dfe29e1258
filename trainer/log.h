#pragma once

#include <chrono>
#include <string_view>

namespace ofsweep {

// One line on standard error with time and level; standard output belongs to the events. LibTorch's headers bring an
// fmt of their own that spdlog cannot be compiled with, hence these functions.
void LogInfo(std::string_view message);
void LogWarning(std::string_view message);
void LogError(std::string_view message);

// For what goes on for long without an event: lets a line through every two seconds, so that people see it advance, and
// the worker's agent, which ends a trainer that has been silent for too long, does too.
class LogPace {
 public:
  bool IsDue();

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace ofsweep
