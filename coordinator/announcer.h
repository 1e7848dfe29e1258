#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "coordinator/clock.h"
#include "coordinator/commit_log.h"
#include "coordinator/coordinator_observer.h"
#include "coordinator/live_trials.h"
#include "coordinator/scheduler_records.h"
#include "storage/store.h"

namespace ofsweep {

// Trials as they are stored, by their ids.
using TrialRows = std::map<std::string, TrialRow>;

// Tells the log, live trials and telemetry what is stored. To be called outside of the coordinator's mutex, so calls
// about one trial may arrive slightly out of order.
class Announcer {
 public:
  // All must outlive it; `observer` may be null.
  Announcer(Store& store, const Clock& clock, LiveTrials& live, CoordinatorObserver* observer)
      : store_(store), clock_(clock), live_(live), observer_(observer) {}

  // Waits until the ticket's decision is durable, and announces it.
  absl::Status Commit(CommitLog& log, CommitLog::Ticket ticket) ABSL_LOCKS_EXCLUDED(log.mutex());
  // `read`: what was read already of trials that start.
  void Announce(const std::vector<Transition>& transitions, const TrialRows& read);
  // A sweep was submitted while others trained these of its trials.
  void AnnounceJoined(const std::string& sweep, const std::vector<std::string>& trial_ids);
  // It was updated, and got these; all that are shown of it may have other arms.
  void AnnounceUpdated(const std::string& sweep, const std::vector<std::string>& joined);

 private:
  void AnnounceStart(const TrialRow& trial, const std::string& worker);

  Store& store_;
  const Clock& clock_;
  LiveTrials& live_;
  CoordinatorObserver* const observer_;
};

}  // namespace ofsweep
