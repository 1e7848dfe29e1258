#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/agreed_inputs.h"
#include "coordinator/commit_log.h"
#include "coordinator/published_sweeps.h"
#include "coordinator/scheduler.h"
#include "coordinator/stored_state.h"

namespace ofsweep {

// What deciding (Coordinator) and reading (SweepViews) share, under the commit log's mutex.
struct CoordinatorState {
  CoordinatorState(Store& store, const SchedulerOptions& options, CommitLog::Owner owner)
      : log(store, std::move(owner)), scheduler(options) {}

  void NoteChange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(log.mutex()) {
    ++version;
    changed.SignalAll();
  }

  CommitLog log;
  Scheduler scheduler ABSL_GUARDED_BY(log.mutex());        // as decided
  PublishedSweeps published ABSL_GUARDED_BY(log.mutex());  // as stored, which is what users are told
  SettingsBySweep settings ABSL_GUARDED_BY(log.mutex());
  AgreedInputs agreed_inputs ABSL_GUARDED_BY(log.mutex());

  // Of what watchers may see.
  std::uint64_t version ABSL_GUARDED_BY(log.mutex()) = 1;
  absl::CondVar changed;
};

}  // namespace ofsweep
