#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/scheduler_turn.h"

namespace ofsweep {

// A trial as the store kept it.
struct StoredTrial {
  NewTrial trial;
  TrialState state = TrialState::kPending;
  std::uint64_t generation = 0;
  int attempts = 0;
  int failures = 0;
  std::int64_t step = 0;
  std::string worker;
  std::int64_t stored_through = 0;
  std::uint64_t curve_generation = 0;
  bool attempt_open = false;  // the newest one has no end
  TimeMs started_at = 0;      // of the newest one
};

struct StoredSweep {
  std::string name;
  std::string owner;
  SweepAttributes attributes;
  SweepState state = SweepState::kActive;
  TimeMs submitted_at = 0;
  std::vector<StoredTrial> trials;
};

// Decides who runs what: a pure state machine of (state, event, now). It has no clock, socket, database or thread, so
// that a seeded simulation can run a million crashes, delays and duplicates over it. DESIGN.md has its states and
// transitions. `now` must never go back.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options) : state_(options) {}

  // Takes over what was stored, oldest sweep first, into a new scheduler. Running trials stay running under a fresh
  // lease, so that their workers go on undisturbed. The decision ends sweeps that were added with nothing
  // left to train.
  Decision Restore(const std::vector<StoredSweep>& sweeps, TimeMs now, std::vector<DeletedTrial> deleted = {});

  // ---- users ----

  // The name must be new (see Books::FindSweep), the trials different ones; the sweep itself is for the caller to
  // store. Of trials that exist already, failed and cancelled ones become pending again.
  Decision AddSweep(std::string name, std::string owner, SweepAttributes attributes,
                    const std::vector<NewTrial>& trials, TimeMs now);
  // Likewise of a sweep that exists: trials that it does not hold yet. Those of a cancelled one wait for its
  // resumption, as all of its trials do.
  absl::StatusOr<Decision> UpdateSweep(const std::string& name, SweepAttributes attributes,
                                       const std::vector<NewTrial>& added, TimeMs now);

  // NotFound, or FailedPrecondition with what to do instead.
  absl::StatusOr<Decision> Pause(const std::string& name, TimeMs now);
  absl::StatusOr<Decision> Resume(const std::string& name, TimeMs now);
  absl::StatusOr<Decision> Cancel(const std::string& name, TimeMs now);
  // Failed trials become pending; no ids: all failed ones of the sweep. One transition for each.
  absl::StatusOr<Decision> Retry(const std::string& name, std::span<const std::string> trial_ids, TimeMs now);

  // Cancels what waits, so that nothing of it begins any more; the state is to be read anew when that is stored.
  // FailedPrecondition while a worker has a trial that no other sweep holds.
  absl::StatusOr<Decision> Delete(const std::string& name, TimeMs now);

  // ---- workers ----

  struct Synchronized {
    Decision decision;
    SynchronizeAnswer answer;  // see AnswerCall
  };
  Synchronized Synchronize(const WorkerReport& report, TimeMs now);

  // Takes the leases of silent workers, and forgets those that are silent for long.
  Decision Tick(TimeMs now);

  // False for an attempt that this database has never heard of: it was restored from a copy that is older.
  bool Knows(const AttemptName& name) const;
  // The worker has its trial's newest attempt, or had it last.
  bool IsNewest(const std::string& worker_id, const AttemptName& name) const;
  // True while nobody has overtaken this attempt, and it has not ended: its points may be stored.
  bool MayWrite(const AttemptName& name) const;
  // Not heard of, and of a trial that is still to be trained: its report makes it the newest.
  bool MayAdopt(const AttemptName& name) const;
  // An attempt that may write begins here. False where its curve would have a gap: `from_step` lies beyond what is
  // stored.
  bool Begin(const AttemptName& name, std::int64_t from_step);

  // The coordinator ends attempts that may write: whatever their workers send of them from now on is fenced.
  Decision Fail(std::span<const AttemptName> names, FailureClass failure, const std::string& why, TimeMs now);

  // All points of a trial through this step are stored.
  bool HoldsThrough(const std::string& trial_id, std::int64_t step) const;
  void RecordStored(const std::string& trial_id, std::int64_t step);
  // The trial's attempts read this.
  void RecordData(const std::string& trial_id, std::string data_fingerprint);

  // ---- what there is ----

  const SchedulerState& state() const { return state_; }
  const Books& books() const { return state_.books; }
  const Fleet& fleet() const { return state_.fleet; }

  // What is wrong with the scheduler's own books; "" as long as it has no bug. Reads everything: for tests.
  std::string Inconsistency() const;

 private:
  void RestoreTrial(const StoredTrial& stored, Place place, Turn& turn);
  TrialIndex AddTrial(const NewTrial& trial, Place place);
  // Behind those that the sweep has.
  void AddTrials(SweepIndex sweep, const std::vector<NewTrial>& trials, Turn& turn);
  // What no other live sweep wants and has no final state.
  void CancelTrials(SweepIndex sweep, const std::string& reason, Turn& turn);

  SchedulerState state_;
};

}  // namespace ofsweep
