#pragma once

#include <string>
#include <vector>

#include "coordinator/scheduler_state.h"

namespace ofsweep {

// What one event decided. All of it must be durable before anybody hears of it.
struct Decision {
  StateChange change;
  std::vector<Transition> transitions;  // the same, told to people
};

// Why a trial changes its state, and what that leaves behind for the history.
struct Cause {
  std::string reason;  // in words
  FailureClass failure = FailureClass::kNone;
  std::string message;
  std::string diverged_reason;
  std::int64_t diverged_step = 0;
  double wall_seconds = 0;                 // of the attempt that ended
  FailureClass why = FailureClass::kNone;  // of a restart: lost and preempted too
  bool lease_expired = false;
};

// One event at its time, while it is decided: changes books and fleet, and writes down what of it is to be stored and
// told. A trial changes its state in no other way.
class Turn {
 public:
  Turn(SchedulerState& state, TimeMs now) : state_(state), now_(now) {}

  SchedulerState& state() { return state_; }
  Books& books() { return state_.books; }
  Fleet& fleet() { return state_.fleet; }
  TimeMs now() const { return now_; }

  // The sweeps that hold the trial end, or are active again, with it.
  void SetTrial(TrialIndex index, TrialState to, Cause cause);
  // Out of failed or cancelled; with a fresh budget it may fail as often as a new trial.
  void MakePending(TrialIndex index, bool fresh_budget, std::string reason);
  void SetSweep(SweepIndex index, SweepState state);
  // A sweep is finished while all of its trials have a final state: when another sweep makes one of them pending again,
  // it is active again.
  void UpdateSweepEnd(SweepIndex index);

  // The worker is to train the trial's newest attempt, in that sweep's turn.
  void Lease(TrialIndex index, WorkerIndex worker, SweepIndex sweep);
  // The newest attempt, with its worker, into the history: it begins or goes on; it ended, and its lease with it.
  void RecordAttempt(TrialIndex index);
  void CloseAttempt(TrialIndex index, const AttemptEnd& end);
  // The time of an attempt whose end changed no state.
  void AddWallSeconds(TrialIndex index, double seconds);

  Decision Take() { return std::move(decision_); }

 private:
  TrialChange RowOf(const TrialRecord& trial, Cause cause) const;

  SchedulerState& state_;
  const TimeMs now_;
  Decision decision_;
};

}  // namespace ofsweep
