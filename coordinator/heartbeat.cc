#include "coordinator/heartbeat.h"

#include <chrono>
#include <exception>

#include <spdlog/spdlog.h>

#include "absl/time/time.h"

namespace ofsweep {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr std::chrono::seconds kWriteTimeout(2);

absl::Status TickOnce(Coordinator& coordinator) {
  try {
    return coordinator.Tick();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace

Heartbeat::Heartbeat(Coordinator& coordinator, Store& store)
    : coordinator_(coordinator), store_(store), thread_([this] { Run(); }) {}

Heartbeat::~Heartbeat() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Heartbeat::Run() {
  for (;;) {
    const absl::Status tick = TickOnce(coordinator_);
    absl::MutexLock lock(&mutex_);
    if (!tick.ok() && tick != last_tick_) spdlog::warn("leases cannot be checked: {}", std::string(tick.message()));
    last_tick_ = tick;
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kTick)) return;
  }
}

absl::Status Heartbeat::Ready() {
  {
    absl::MutexLock lock(&mutex_);
    if (!last_tick_.ok()) return last_tick_;
  }
  // An empty change goes through the writer like any other, and ends up nowhere.
  auto written = store_.ChangeTrials({}, {});
  if (written.wait_for(kWriteTimeout) != std::future_status::ready) {
    return absl::UnavailableError("the database took no write for two seconds; look at the disk of the data folder");
  }
  return written.get();
}

}  // namespace ofsweep
