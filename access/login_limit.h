#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "experiment/time_ms.h"

namespace ofsweep {

// Bounds how often callers may fail to log in, so that nobody tries tokens in bulk. May be called from any thread.
class LoginLimit {
 public:
  static constexpr int kFailuresOfPeer = 10;  // in a minute
  static constexpr int kFailuresInAll = 1000;

  // Seconds after which somebody at that address may try again; 0: now.
  int SecondsToWait(const std::string& peer, TimeMs now);
  void NoteFailure(const std::string& peer, TimeMs now);

 private:
  void BeginAnew(TimeMs now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  TimeMs minute_began_at_ ABSL_GUARDED_BY(mutex_) = 0;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> failures_of_ ABSL_GUARDED_BY(mutex_);  // by peer; at most kFailuresInAll
};

}  // namespace ofsweep
