#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/announcer.h"
#include "coordinator/attempt_origin.h"
#include "coordinator/clock.h"
#include "coordinator/coordinator_observer.h"
#include "coordinator/coordinator_state.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/live_trials.h"
#include "coordinator/push_room.h"
#include "coordinator/sweep_intake.h"
#include "coordinator/sweep_views.h"
#include "experiment/problem.h"
#include "experiment/sweep_spec.h"
#include "storage/log_store.h"
#include "storage/store.h"

namespace ofsweep {

struct CoordinatorOptions {
  SchedulerOptions scheduler;
  // Of points on their way to the disk; senders of more wait.
  std::size_t max_push_bytes = std::size_t{32} << 20;
  std::string revision = {};                         // of the program, kept with each sweep
  std::uint64_t max_trials_per_caller = 10'000'000;  // that wait or run
  // Metrics × sites × layers of one trial, a model of 2,800 blocks with everything measured. One that sends more fails.
  std::size_t max_series_per_trial = 100'000;
  LiveTrialsOptions live = {};
  std::string version = {};  // workers of another one get nothing to do, and are told so; empty: of any
  // Called when a sweep's end (finished or cancelled) is stored, under the coordinator's mutex: it must return at once,
  // and call nothing of the coordinator.
  std::function<void(const std::string& sweep)> on_sweep_end = {};
};

// The shell around the pure scheduler: gives it events, and makes what it decides durable before anybody is told
// (CommitLog). People look at it through views(). Every method may be called from any thread.
class Coordinator {
 public:
  // Rebuilds its state from the store. The store, clock and observer (may be null) must outlive it.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const CoordinatorOptions& options, Store& store,
                                                            const Clock& clock, CoordinatorObserver* observer);

  // ---- users ----

  SweepIntake& intake() { return intake_; }

  // NotFound, or FailedPrecondition when the sweep's state does not allow it. All are idempotent.
  absl::Status Cancel(const std::string& sweep);
  absl::Status Pause(const std::string& sweep);
  absl::Status Resume(const std::string& sweep);
  // Failed trials become pending with a fresh budget; empty: all failed ones. Returns how many did. NotFound for an id
  // that the sweep does not hold.
  absl::StatusOr<std::uint64_t> Retry(const std::string& sweep, const std::vector<std::string>& trial_ids);
  // The sweep is no more, nor are trials that no other sweep holds. NotFound once it is.
  absl::StatusOr<DeletedSweep> Delete(const std::string& sweep);

  // ---- workers ----

  // Whoever calls these has proved that an attempt that it names is its own (proven_entries.h).

  // Returns when everything it tells is durable. InvalidArgument for a report without worker id; AlreadyExists for one
  // of a copied data folder whose original is alive. A worker of another database or version is told so, and nothing
  // else.
  absl::StatusOr<SynchronizeAnswer> Synchronize(const WorkerReport& report);
  // One outcome for each entry, when all of it is durable. On an error nothing may be taken as stored: send all again.
  // Aborted: the worker has not synchronized with this database and this incarnation.
  absl::StatusOr<std::vector<PushOutcome>> Push(const DatabaseIdentity& database,
                                                const std::vector<AttemptPoints>& attempts);
  // What trainers have logged: of those that have no points yet, watchers are told the newest line. It is stored
  // nowhere.
  void ShowLogged(std::span<const LogPiece> pieces);
  const DatabaseIdentity& identity() const { return identity_; }

  // Lets leases expire. To be called about once a second.
  absl::Status Tick();

  SweepViews& views() { return views_; }
  LiveTrials& live_trials() { return live_; }

  // What is wrong with its books; "" as long as it has no bug. Reads everything: for tests.
  std::string Inconsistency() const;

 private:
  // A newly begun attempt of a report, and what its trainer found; an error where it trains something else.
  struct Beginning {
    AttemptName name;
    absl::StatusOr<FoundOrigin> found;
  };

  Coordinator(const CoordinatorOptions& options, Store& store, const Clock& clock, CoordinatorObserver* observer);

  CommitLog::Owner LogOwner();
  void Take(StoredState stored) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.log.mutex());
  void Publish(const PendingDecision& decision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.log.mutex());
  // The trials that workers hold, as if each had just been handed to its own.
  std::vector<Transition> Held() const ABSL_SHARED_LOCKS_REQUIRED(state_.log.mutex());

  // A user's event; returns how many trials it changed.
  absl::StatusOr<std::uint64_t> Change(const std::function<absl::StatusOr<Decision>(Scheduler&, TimeMs)>& event)
      ABSL_LOCKS_EXCLUDED(state_.log.mutex());

  // Reads what the trainers of newly begun attempts say.
  absl::StatusOr<std::vector<Beginning>> ReadBeginnings(const WorkerReport& report)
      ABSL_LOCKS_EXCLUDED(state_.log.mutex());
  bool IsNewlyBegun(const std::string& worker_id, const AttemptReport& attempt)
      ABSL_SHARED_LOCKS_REQUIRED(state_.log.mutex());
  // An attempt that trains something else, or found something else than its sweeps are of, is taken out and, in the
  // report, has failed, whatever its own end is.
  std::vector<FixedInput> TakeBeginnings(WorkerReport& report, std::vector<Beginning>& beginnings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.log.mutex());
  void RecordBeginning(const std::string& worker_id, Beginning beginning, StateChange& change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.log.mutex());
  // Fails attempts that would have more series than a trial may.
  void FailForSeries(const std::vector<AttemptName>& attempts, CommitLog::Ticket& ticket)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_.log.mutex());
  void FillIn(const TrialRow& trial, AttemptStart& start) const ABSL_LOCKS_EXCLUDED(state_.log.mutex());

  const CoordinatorOptions options_;
  Store& store_;
  const Clock& clock_;
  CoordinatorObserver* const observer_;
  DatabaseIdentity identity_;
  LiveTrials live_;
  PushRoom push_room_;
  CoordinatorState state_;
  SweepViews views_;
  Announcer announcer_;
  SweepIntake intake_;
  // The generations whose beginning was read, of running trials.
  absl::flat_hash_map<std::string, std::uint64_t> begun_ ABSL_GUARDED_BY(state_.log.mutex());
};

}  // namespace ofsweep
