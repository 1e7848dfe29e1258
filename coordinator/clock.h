#pragma once

#include <chrono>

#include "storage/store.h"

namespace ofsweep {

// The time of all that the coordinator decides and tells; tests move theirs by hand. (How long its threads wait is the
// machine's.)
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970, UTC. Never goes back.
  virtual TimeMs Now() const = 0;
};

// The wall clock at construction plus the time that a steady clock counted since: a correction of the system's time
// neither expires a lease nor revives one.
class SystemClock : public Clock {
 public:
  TimeMs Now() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(wall_ + (std::chrono::steady_clock::now() - steady_))
        .count();
  }

 private:
  const std::chrono::nanoseconds wall_ = std::chrono::system_clock::now().time_since_epoch();
  const std::chrono::steady_clock::time_point steady_ = std::chrono::steady_clock::now();
};

}  // namespace ofsweep
