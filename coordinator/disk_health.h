#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/clock.h"

namespace ofsweep {

// Whether the disk of the data folder takes writes, by how they went: it may be full, or the database file be gone. The
// log tells of it once, and once that it is over.
//
// On a full disk small writes fit into gaps between large ones that fail, so a single success says nothing: it is over
// when a probe succeeds and no write has failed for some seconds. All methods may be called from any thread.
class DiskHealth {
 public:
  explicit DiskHealth(const Clock& clock) : clock_(clock) {}

  // A write failed for good reason; the message names the file and what to do.
  void NoteFailure(const absl::Status& failure);
  // Store::Probe succeeded.
  void NoteProbe();
  // OK, or why the last write failed.
  absl::Status status() const;

 private:
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  TimeMs failed_at_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ofsweep
