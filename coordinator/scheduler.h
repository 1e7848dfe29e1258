#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/scheduler_fleet.h"
#include "coordinator/scheduler_queue.h"
#include "coordinator/scheduler_records.h"
#include "storage/store.h"

namespace ofsweep {

struct SchedulerOptions {
  // A worker that was silent for this long loses its leases.
  TimeMs lease_ms = 30'000;
  // Workers are asked to call so often that the whole fleet makes about this many calls a second, between 1 s and a
  // third of the lease.
  int calls_per_second = 200;
  // Failed attempts (crash, timeout) after which a trial has failed; out-of-memory has its own, for it seldom heals.
  int max_failures = 3;
  int max_oom_failures = 2;
  // Wait before a failed attempt is repeated; doubles with each failure.
  TimeMs retry_delay_ms = 10'000;
  // How much longer a trial waits for another worker than the one it crashed on, where there is one.
  TimeMs retry_elsewhere_ms = 60'000;
  QuarantineOptions quarantine;
  // Trials of this sweep alone start, those that it shares with others too; empty: of every sweep.
  std::string only_sweep = {};
  // Generations begin here, so that a database which was restored from a copy gives no name a second time: seconds
  // since 1970, when the coordinator was started. (Between two starts a trial has fewer attempts than seconds pass.)
  std::uint64_t first_generation = 1;
};

// What one event decided. All of it must be durable before anybody hears of it.
struct Decision {
  StateChange change;
  std::vector<Transition> transitions;  // the same, told to people
};

// Decides who runs what: a pure state machine of (state, event, now). It has no clock, socket, database or thread, so
// that a seeded simulation can run a million crashes, delays and duplicates over it. DESIGN.md has its states and
// transitions. `now` must never go back.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options) : options_(options), fleet_(options.quarantine) {}

  // Takes over what was stored, oldest sweep first, into a new scheduler. Running trials stay running under a fresh
  // lease, so that their workers go on undisturbed. The decision ends sweeps that were added with nothing
  // left to train.
  Decision Restore(std::vector<StoredSweep> sweeps, TimeMs now);

  // ---- users ----

  // The name must be new (see FindSweep), the trials different ones; the sweep itself is for the caller to store. Of
  // trials that exist already, failed and cancelled ones become pending again.
  Decision AddSweep(std::string name, std::vector<NewTrial> trials, TimeMs now);

  // NotFound, or FailedPrecondition with what to do instead.
  absl::StatusOr<Decision> Pause(const std::string& sweep, TimeMs now);
  absl::StatusOr<Decision> Resume(const std::string& sweep, TimeMs now);
  absl::StatusOr<Decision> Cancel(const std::string& sweep, TimeMs now);
  // Failed trials become pending; no ids: all failed ones of the sweep. One transition for each.
  absl::StatusOr<Decision> Retry(const std::string& sweep, std::span<const std::string> trial_ids, TimeMs now);

  // ---- workers ----

  // Compares what the worker does with what should be so. The configurations of what it is to start, and the database's
  // identity, are for the caller to add.
  struct Synchronized {
    Decision decision;
    SynchronizeAnswer answer;
  };
  Synchronized Synchronize(const WorkerReport& report, TimeMs now);

  // Takes the leases of silent workers.
  Decision Tick(TimeMs now);

  // False for an attempt that this database has never heard of: it was restored from a copy that is older.
  bool Knows(const AttemptName& name) const;
  // The worker has its trial's newest attempt, or had it last.
  bool IsNewest(const std::string& worker_id, const AttemptName& name) const;
  // True while nobody has overtaken this attempt: its points may be stored.
  bool MayWrite(const std::string& worker_id, const AttemptName& name) const;
  // Not heard of, and of a trial that is still to be trained: its report makes it the newest.
  bool MayAdopt(const AttemptName& name) const;
  // An attempt that may write begins here. False where its curve would have a gap: `from_step` lies beyond what is
  // stored.
  bool Begin(const AttemptName& name, std::int64_t from_step);

  // A trial has done this many updates.
  void RecordStep(const std::string& trial_id, std::int64_t step);
  // All points of a trial through this step are stored.
  void RecordStored(const std::string& trial_id, std::int64_t step);

  // The trial's attempts read this.
  void RecordData(const std::string& trial_id, std::string data_fingerprint);

  // ---- views ----

  const SweepRecord* FindSweep(const std::string& name) const;
  absl::StatusOr<SweepIndex> FindSweepIndex(const std::string& name) const;  // NotFound
  const TrialRecord* FindTrial(const std::string& trial_id) const;
  const std::vector<SweepRecord>& sweeps() const { return sweeps_; }  // oldest first
  const TrialRecord& trial(TrialIndex index) const { return trials_[index]; }
  const Fleet& fleet() const { return fleet_; }
  std::vector<std::string> SweepNames(const TrialRecord& trial) const;
  std::vector<WorkerView> Workers(TimeMs now) const;

  // Why no more trials of a sweep are running ("waiting: no worker is connected"), or why this one is not; "" when
  // nothing waits.
  std::string WaitingReason(const SweepRecord& sweep, TimeMs now) const;
  std::string WaitingReason(const TrialRecord& trial, TimeMs now) const;

  // What is wrong with the scheduler's own books; "" as long as it has no bug. Reads everything: for tests.
  std::string Inconsistency() const;

 private:
  // What a change of state leaves behind for the history, besides the state.
  struct Cause {
    std::string reason;  // in words
    FailureClass failure = FailureClass::kNone;
    std::string message;
    std::string diverged_reason;
    std::int64_t diverged_step = 0;
    double wall_seconds = 0;
    FailureClass why = FailureClass::kNone;  // of a restart: lost and preempted too
    bool lease_expired = false;
  };
  // The only place where a trial changes its state: brings counts, queues and the sweeps' ends up to date.
  void Change(TrialIndex index, TrialState to, Cause cause, TimeMs now, Decision& decision);
  TrialChange RowOf(const TrialRecord& trial, Cause cause, TimeMs now) const;
  void Count(const TrialRecord& trial, TrialState from, TrialState to);
  void SetStep(TrialRecord& trial, std::int64_t step);
  void Enqueue(TrialIndex index, TimeMs now);
  void PromoteDue(TimeMs now);
  void SetSweepState(SweepIndex sweep, SweepState state, Decision& decision);
  // Of options_.only_sweep, where there is one; of a trial: one of its sweeps is.
  bool MayStart(const SweepRecord& sweep) const;
  bool MayStart(const TrialRecord& trial) const;
  void UpdateQueue(SweepIndex sweep);
  void UpdateSweepEnd(SweepIndex sweep, Decision& decision);
  bool IsWanted(const TrialRecord& trial) const;
  TrialIndex AddTrial(const NewTrial& trial, Place place);

  void RestoreTrial(const StoredTrial& stored, Place place, TimeMs now);

  // Ends a running attempt: closes its history and decides what becomes of the trial.
  void EndAttempt(TrialIndex index, const AttemptEnd& end, bool lease_expired, TimeMs now, Decision& decision);
  void FailAttempt(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision);
  // The attempt's end is the trial's: completed or diverged.
  void Conclude(TrialIndex index, const AttemptEnd& end, std::string reason, TimeMs now, Decision& decision);
  // Counts a crash of a trial against the worker or the trial; true when it put the worker into quarantine.
  bool BlamesWorker(TrialIndex index, TimeMs now);
  void NoteOtherData(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision);
  void CloseAttempt(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision);
  // Of an attempt that was told to stop: the trial may have been resumed meanwhile.
  void EndStopped(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision);
  void CancelTrial(TrialIndex index, TimeMs now, Decision& decision);
  void MakePending(TrialIndex index, bool fresh_budget, std::string reason, TimeMs now, Decision& decision);
  int FailureLimit(FailureClass failure) const;

  // Whether a pending trial whose time has come may start on a worker.
  enum class Fit { kFits, kCrashedThere, kOtherDataThere };
  Fit FitOn(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const;

  bool Holds(const TrialRecord& trial, WorkerIndex worker, std::uint64_t generation) const;
  // It was given up because its worker was silent, and nobody has it since.
  bool WasLost(const TrialRecord& trial, WorkerIndex worker, std::uint64_t generation) const;
  void ReadAttempt(WorkerIndex worker, const AttemptReport& report, TimeMs now, Synchronized& result);
  void Adopt(TrialIndex index, WorkerIndex worker, std::uint64_t generation, TimeMs now, Decision& decision);
  void TakeUnreported(WorkerIndex worker, const WorkerReport& report, TimeMs now, Synchronized& result);
  void Lease(TrialIndex index, WorkerIndex worker);
  // Returns the slots that stay free.
  int Assign(WorkerIndex worker, int free_slots, TimeMs now, Synchronized& result);
  AttemptStart StartOf(const TrialRecord& trial) const;
  TimeMs NextCall() const;

  std::string WhyNoMore(const WorkerRecord& worker, int free_slots, TimeMs now) const;
  std::string WhyReadyWaits(const TrialRecord& trial, TimeMs now) const;
  std::string WhyUnfit(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const;
  std::string WhyStopping(const TrialRecord& trial) const;
  std::string WhyLeftAlone() const;
  std::string WhyDelayed(const TrialRecord& trial, TimeMs now) const;
  std::string TrialInconsistency(const TrialRecord& trial, TrialIndex index) const;
  std::string SweepInconsistency(const SweepRecord& sweep, SweepIndex index) const;

  SchedulerOptions options_;
  std::vector<SweepRecord> sweeps_;
  std::size_t paused_sweeps_ = 0;
  std::vector<TrialRecord> trials_;
  absl::flat_hash_map<std::string, SweepIndex> sweep_by_name_;
  absl::flat_hash_map<std::string, TrialIndex> trial_by_id_;
  ReadyQueue queue_;
  Fleet fleet_;
};

}  // namespace ofsweep
