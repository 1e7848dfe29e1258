#include "coordinator/heartbeat.h"

#include <chrono>
#include <exception>

#include <spdlog/spdlog.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace ofsweep {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kProbeEvery = absl::Seconds(1);
constexpr std::chrono::seconds kWriteTimeout(2);

absl::Status TickOnce(Coordinator& coordinator) {
  try {
    return coordinator.Tick();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace

Heartbeat::Heartbeat(Coordinator& coordinator, Store& store, DiskHealth& disk)
    : coordinator_(coordinator), store_(store), disk_(disk), thread_([this] { Run(); }) {}

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
    // Nobody may ask, or write, for a long time: the end of a full disk is found all the same.
    if (!disk_.status().ok()) Probe().IgnoreError();
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
  if (absl::Status probe = Probe(); !probe.ok()) return probe;
  return disk_.status();
}

absl::Status Heartbeat::Probe() {
  {
    absl::MutexLock lock(&mutex_);
    if (probing_ || absl::Now() - probed_at_ < kProbeEvery) return last_probe_;
    probing_ = true;
  }
  const absl::Status status = WaitForProbe();
  absl::MutexLock lock(&mutex_);
  probing_ = false;
  probed_at_ = absl::Now();
  last_probe_ = status;
  return status;
}

absl::Status Heartbeat::WaitForProbe() {
  // One that is still on its way is waited for again, so that a stuck disk gathers no probes.
  if (!write_.valid()) write_ = store_.Probe();
  if (write_.wait_for(kWriteTimeout) != std::future_status::ready) {
    return absl::UnavailableError("the database took no write for two seconds; look at the disk of the data folder");
  }
  absl::Status status = write_.get();
  if (status.ok()) disk_.NoteProbe();
  return status;
}

}  // namespace ofsweep
