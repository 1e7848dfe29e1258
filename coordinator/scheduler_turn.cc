#include "coordinator/scheduler_turn.h"

#include <utility>

namespace ofsweep {

void Turn::SetTrial(TrialIndex index, TrialState to, Cause cause) {
  const TrialRecord& trial = books().trial(index);
  const TrialState from = trial.state;
  books().SetState(index, to, now_);
  decision_.change.trials.push_back(RowOf(trial, cause));
  decision_.transitions.push_back({.index = index,
                                   .trial_id = trial.id,
                                   .sweeps = books().SweepNames(trial),
                                   .worker = decision_.change.trials.back().worker,
                                   .from = from,
                                   .to = to,
                                   .why = cause.why,
                                   .lease_expired = cause.lease_expired,
                                   .reason = std::move(cause.reason)});
  for (const Place place : trial.places) UpdateSweepEnd(place.sweep);
}

TrialChange Turn::RowOf(const TrialRecord& trial, Cause cause) const {
  return {.trial_id = trial.id,
          .state = trial.state,
          .generation = trial.generation,
          .attempts = trial.attempts,
          .failures = trial.failures,
          .worker = trial.worker == kNoWorker ? "" : state_.fleet.at(trial.worker).id,
          .failure_class = cause.failure,
          .failure_message = std::move(cause.message),
          .diverged_reason = std::move(cause.diverged_reason),
          .diverged_step = cause.diverged_step,
          .added_wall_seconds = cause.wall_seconds,
          .at = now_};
}

void Turn::MakePending(TrialIndex index, bool fresh_budget, std::string reason) {
  TrialRecord& trial = books().trial(index);
  if (fresh_budget) trial.failures = 0;
  trial.last_failure = FailureClass::kNone;
  trial.not_before = 0;
  trial.avoid_until = 0;
  trial.adoptable = false;
  SetTrial(index, TrialState::kPending, {.reason = std::move(reason)});
}

void Turn::SetSweep(SweepIndex index, SweepState state) {
  if (books().SetSweepState(index, state)) {
    decision_.change.sweeps.emplace_back(books().sweeps()[index].name, state);
  }
}

void Turn::UpdateSweepEnd(SweepIndex index) {
  const SweepRecord& sweep = books().sweeps()[index];
  if (sweep.live() && sweep.unfinished() == 0) SetSweep(index, SweepState::kFinished);
  if (sweep.state == SweepState::kFinished && sweep.unfinished() > 0) SetSweep(index, SweepState::kActive);
}

void Turn::Lease(TrialIndex index, WorkerIndex worker, SweepIndex sweep) {
  TrialRecord& trial = books().trial(index);
  trial.worker = worker;
  trial.known = false;
  trial.adoptable = false;
  trial.last_failure = FailureClass::kNone;
  trial.avoid_until = 0;
  fleet().at(worker).held.insert(index);
  fleet().at(worker).has_held = true;
  books().TakeSlot(index, sweep);
}

void Turn::RecordAttempt(TrialIndex index) {
  const TrialRecord& trial = books().trial(index);
  decision_.change.attempts.push_back(
      {.name = {trial.id, trial.generation}, .worker = fleet().at(trial.worker).id, .started_at = trial.started_at});
}

void Turn::CloseAttempt(TrialIndex index, const AttemptEnd& end) {
  RecordAttempt(index);
  decision_.change.attempts.back().ended_at = now_;
  decision_.change.attempts.back().end = end;
  fleet().at(books().trial(index).worker).held.erase(index);
  books().GiveSlotBack(index);
}

void Turn::AddWallSeconds(TrialIndex index, double seconds) {
  decision_.change.trials.push_back(RowOf(books().trial(index), {.wall_seconds = seconds}));
}

}  // namespace ofsweep
