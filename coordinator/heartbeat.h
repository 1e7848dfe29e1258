#pragma once

#include <future>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/coordinator.h"
#include "coordinator/disk_health.h"
#include "storage/store.h"

namespace ofsweep {

// Makes the coordinator's time pass, one Tick a second, and knows whether it can serve.
class Heartbeat {
 public:
  // All must outlive it.
  Heartbeat(Coordinator& coordinator, Store& store, DiskHealth& disk);
  ~Heartbeat();

  // OK, or why the coordinator cannot take work: the last Tick failed, the disk is full, or it takes no write within
  // two seconds. Writes at most once a second, however often it is asked.
  absl::Status Ready();

 private:
  void Run();
  // The outcome of a write that is at most a second old; while one is on its way, of the one before.
  absl::Status Probe();
  absl::Status WaitForProbe();

  Coordinator& coordinator_;
  Store& store_;
  DiskHealth& disk_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_tick_ ABSL_GUARDED_BY(mutex_);
  bool probing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time probed_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status last_probe_ ABSL_GUARDED_BY(mutex_);
  std::future<absl::Status> write_;  // of the thread that has set probing_
  std::thread thread_;
};

}  // namespace ofsweep
