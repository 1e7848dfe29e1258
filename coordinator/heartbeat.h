#pragma once

#include <atomic>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/coordinator.h"
#include "storage/store.h"

namespace ofsweep {

// Makes the coordinator's time pass, one Tick a second, and knows whether it can serve.
class Heartbeat {
 public:
  // Both must outlive it.
  Heartbeat(Coordinator& coordinator, Store& store);
  ~Heartbeat();

  // OK, or why the coordinator cannot take work: the last Tick failed, or the store takes no write within two seconds.
  absl::Status Ready();

 private:
  void Run();

  Coordinator& coordinator_;
  Store& store_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_tick_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace ofsweep
