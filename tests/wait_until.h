#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace ofsweep {

// How long a test waits for what must come; a busy machine takes its time.
inline constexpr std::chrono::seconds kPatience{120};

// Looks again and again until `condition` holds; false when it does not within `patience`.
inline bool WaitUntil(const std::function<bool()>& condition, std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace ofsweep
