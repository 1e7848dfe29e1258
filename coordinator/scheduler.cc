#include "coordinator/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler_call.h"
#include "coordinator/scheduler_ends.h"
#include "experiment/quoted.h"
#include "storage/not_found.h"

namespace ofsweep {

// ---- what was stored ----

Decision Scheduler::Restore(const std::vector<StoredSweep>& sweeps, TimeMs now, std::vector<DeletedTrial> deleted) {
  state_.deletions = Deletions(std::move(deleted));
  Turn turn(state_, now);
  for (const StoredSweep& stored : sweeps) {
    const SweepIndex index = state_.books.AddSweep(stored.name, stored.owner, stored.attributes, stored.state,
                                                   stored.submitted_at, stored.trials.size());
    for (std::uint32_t position = 0; position < stored.trials.size(); ++position) {
      RestoreTrial(stored.trials[position], {index, position}, turn);
    }
  }
  for (SweepIndex index = 0; index < sweeps.size(); ++index) turn.UpdateSweepEnd(index);
  return turn.Take();
}

void Scheduler::RestoreTrial(const StoredTrial& stored, Place place, Turn& turn) {
  const bool is_new = books().FindTrial(stored.trial.trial_id) == nullptr;
  const TrialIndex index = AddTrial(stored.trial, place);
  TrialRecord& trial = state_.books.trial(index);
  if (!is_new) {
    if (!trial.is_leased()) return;
    // An older sweep may have been cancelled.
    state_.books.GiveSlotBack(index);
    state_.books.TakeSlot(index, books().OldestLive(trial));
    return;
  }
  trial.generation = std::max(trial.generation, stored.generation);
  trial.attempts = stored.attempts;
  trial.started_at = stored.started_at;
  trial.failures = stored.failures;
  trial.stored_through = stored.stored_through;
  trial.curve_generation = stored.curve_generation;
  const bool is_stopping = stored.attempt_open && stored.state != TrialState::kRunning;
  if (is_stopping) state_.books.SetStopping(index, true, turn.now());
  state_.books.SetState(index, stored.state, turn.now());
  state_.books.RecordStep(index, stored.step);
  if (!trial.is_leased()) return;
  turn.Lease(index, state_.fleet.Ensure(stored.worker), place.sweep);
  // Nobody can tell any more whether it was reported; told again, its name might be used twice.
  trial.known = true;
  WorkerRecord& worker = state_.fleet.at(trial.worker);
  worker.last_seen = std::max(worker.last_seen, turn.now());
}

// One that was deleted and is submitted again has no attempt of a former name.
TrialIndex Scheduler::AddTrial(const NewTrial& trial, Place place) {
  const TrialIndex index = state_.books.AddTrial(trial, place);
  TrialRecord& record = state_.books.trial(index);
  record.generation = std::max(record.generation, state_.deletions.NewestOf(record.id));
  return index;
}

// ---- users ----

Decision Scheduler::AddSweep(std::string name, std::string owner, SweepAttributes attributes,
                             const std::vector<NewTrial>& trials, TimeMs now) {
  Turn turn(state_, now);
  const SweepIndex sweep = state_.books.AddSweep(std::move(name), std::move(owner), std::move(attributes),
                                                 SweepState::kActive, now, trials.size());
  AddTrials(sweep, trials, turn);
  return turn.Take();
}

absl::StatusOr<Decision> Scheduler::UpdateSweep(const std::string& name, SweepAttributes attributes,
                                                const std::vector<NewTrial>& added, TimeMs now) {
  const absl::StatusOr<SweepIndex> index = books().FindSweepIndex(name);
  if (!index.ok()) return index.status();
  Turn turn(state_, now);
  state_.books.SetAttributes(*index, std::move(attributes));
  AddTrials(*index, added, turn);
  return turn.Take();
}

void Scheduler::AddTrials(SweepIndex sweep, const std::vector<NewTrial>& trials, Turn& turn) {
  const std::string reason = absl::StrCat("wanted by sweep ", books().sweeps()[sweep].name);
  const bool is_cancelled = books().sweeps()[sweep].state == SweepState::kCancelled;
  for (const NewTrial& trial : trials) {
    const auto position = static_cast<std::uint32_t>(books().sweeps()[sweep].trials.size());
    const TrialIndex index = AddTrial(trial, {sweep, position});
    const TrialState state = books().trial(index).state;
    const bool is_to_begin_anew = state == TrialState::kFailed || state == TrialState::kCancelled;
    if (is_to_begin_anew && !is_cancelled) turn.MakePending(index, true, reason);
  }
  if (is_cancelled) CancelTrials(sweep, "its sweep is cancelled", turn);
  turn.UpdateSweepEnd(sweep);
}

absl::StatusOr<Decision> Scheduler::Pause(const std::string& name, TimeMs now) {
  const auto index = books().FindSweepIndex(name);
  if (!index.ok()) return index.status();
  const SweepRecord& sweep = books().sweeps()[*index];
  if (!sweep.live()) {
    return absl::FailedPreconditionError(
        absl::StrCat("sweep \"", name, "\" is ", std::string(Name(sweep.state)), ": nothing is left to pause"));
  }
  Turn turn(state_, now);
  turn.SetSweep(*index, SweepState::kPaused);
  return turn.Take();
}

absl::StatusOr<Decision> Scheduler::Resume(const std::string& name, TimeMs now) {
  const auto index = books().FindSweepIndex(name);
  if (!index.ok()) return index.status();
  const SweepRecord& sweep = books().sweeps()[*index];
  Turn turn(state_, now);
  if (sweep.state == SweepState::kFinished) return turn.Take();
  turn.SetSweep(*index, SweepState::kActive);
  for (const TrialIndex trial : sweep.trials) {
    if (books().trial(trial).state != TrialState::kCancelled) continue;
    turn.MakePending(trial, false, absl::StrCat("sweep ", name, " was resumed"));
  }
  turn.UpdateSweepEnd(*index);
  return turn.Take();
}

absl::StatusOr<Decision> Scheduler::Cancel(const std::string& name, TimeMs now) {
  const auto index = books().FindSweepIndex(name);
  if (!index.ok()) return index.status();
  const SweepRecord& sweep = books().sweeps()[*index];
  Turn turn(state_, now);
  if (!sweep.live()) return turn.Take();
  turn.SetSweep(*index, SweepState::kCancelled);
  CancelTrials(*index, "its sweep was cancelled", turn);
  return turn.Take();
}

void Scheduler::CancelTrials(SweepIndex sweep, const std::string& reason, Turn& turn) {
  for (const TrialIndex trial_index : books().sweeps()[sweep].trials) {
    TrialRecord& trial = state_.books.trial(trial_index);
    if (IsTerminal(trial.state) || books().IsWanted(trial)) continue;
    // The worker is not waited for: its next call tells it to stop.
    if (trial.state == TrialState::kRunning) state_.books.SetStopping(trial_index, true, turn.now());
    trial.adoptable = false;
    turn.SetTrial(trial_index, TrialState::kCancelled, {.reason = reason});
  }
}

absl::StatusOr<Decision> Scheduler::Retry(const std::string& name, std::span<const std::string> trial_ids, TimeMs now) {
  const auto index = books().FindSweepIndex(name);
  if (!index.ok()) return index.status();
  const SweepRecord& sweep = books().sweeps()[*index];
  if (sweep.state == SweepState::kCancelled) {
    return absl::FailedPreconditionError(
        absl::StrCat("sweep \"", name, "\" is cancelled: resume it first, then retry its failed trials"));
  }
  std::vector<TrialIndex> wanted;
  for (const std::string& id : trial_ids) {
    const auto trial = books().FindTrialIndex(id);
    const bool is_held = trial && books().IsIn(books().trial(*trial), *index);
    if (!is_held) return NoSuchTrial(name, id);
    wanted.push_back(*trial);
  }
  if (trial_ids.empty()) wanted = sweep.trials;

  Turn turn(state_, now);
  for (const TrialIndex trial : wanted) {
    if (books().trial(trial).state == TrialState::kFailed) turn.MakePending(trial, true, "retried by a user");
  }
  return turn.Take();
}

absl::StatusOr<Decision> Scheduler::Delete(const std::string& name, TimeMs now) {
  const auto index = books().FindSweepIndex(name);
  if (!index.ok()) return index.status();
  SweepDeletion deletion{.sweep = name, .begun_trials = {}};
  std::size_t held = 0;
  for (const TrialIndex trial_index : books().sweeps()[*index].trials) {
    const TrialRecord& trial = books().trial(trial_index);
    if (trial.places.size() > 1) continue;
    if (trial.is_leased()) ++held;
    if (trial.attempts > 0) deletion.begun_trials.push_back({trial.id, trial.generation});
  }
  if (held > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("workers still hold ", held, " trial", held == 1 ? "" : "s", " of sweep \"", name,
                     "\" that no other sweep has: cancel it, and delete it when they have stopped"));
  }
  Turn turn(state_, now);
  if (books().sweeps()[*index].live()) turn.SetSweep(*index, SweepState::kCancelled);
  CancelTrials(*index, "its sweep was deleted", turn);
  Decision decision = turn.Take();
  decision.change.deletion = std::move(deletion);
  return decision;
}

// ---- workers ----

Scheduler::Synchronized Scheduler::Synchronize(const WorkerReport& report, TimeMs now) {
  Turn turn(state_, now);
  state_.books.PromoteDue(now);
  SynchronizeAnswer answer = AnswerCall(report, turn);
  return {turn.Take(), std::move(answer)};
}

Decision Scheduler::Tick(TimeMs now) {
  Turn turn(state_, now);
  state_.books.PromoteDue(now);
  for (const WorkerIndex worker : state_.fleet.Disconnect(now - state_.options.lease_ms)) {
    const std::vector<TrialIndex> held(fleet().at(worker).held.begin(), fleet().at(worker).held.end());
    for (const TrialIndex trial : held) ExpireLease(trial, turn);
  }
  state_.fleet.ForgetSilent(now);
  return turn.Take();
}

bool Scheduler::Knows(const AttemptName& name) const {
  const TrialRecord* trial = books().FindTrial(name.trial_id);
  return trial != nullptr && trial->Knows(name.generation);
}

bool Scheduler::IsNewest(const std::string& worker_id, const AttemptName& name) const {
  const TrialRecord* trial = books().FindTrial(name.trial_id);
  return trial != nullptr && trial->generation == name.generation && trial->worker == fleet().Find(worker_id);
}

bool Scheduler::MayWrite(const AttemptName& name) const {
  const TrialRecord* trial = books().FindTrial(name.trial_id);
  return trial != nullptr && trial->MayWrite(name.generation);
}

bool Scheduler::MayAdopt(const AttemptName& name) const {
  const TrialRecord* trial = books().FindTrial(name.trial_id);
  return trial != nullptr && trial->MayAdopt(name.generation);
}

bool Scheduler::Begin(const AttemptName& name, std::int64_t from_step) {
  const auto index = books().FindTrialIndex(name.trial_id);
  return index && state_.books.Begin(*index, from_step);
}

Decision Scheduler::Fail(std::span<const AttemptName> names, FailureClass failure, const std::string& why, TimeMs now) {
  Turn turn(state_, now);
  for (const AttemptName& name : names) {
    const auto index = books().FindTrialIndex(name.trial_id);
    if (!index || books().trial(*index).generation != name.generation) continue;
    TrialRecord& trial = state_.books.trial(*index);
    trial.adoptable = false;
    if (!trial.is_leased()) continue;
    const AttemptEnd end{
        .outcome = AttemptOutcome::kFailed, .failure = failure, .message = why, .step = trial.step, .wall_seconds = 0};
    EndAttempt(*index, end, turn);
  }
  return turn.Take();
}

bool Scheduler::HoldsThrough(const std::string& trial_id, std::int64_t step) const {
  const TrialRecord* trial = books().FindTrial(trial_id);
  return trial != nullptr && step <= trial->stored_through;
}

void Scheduler::RecordStored(const std::string& trial_id, std::int64_t step) {
  if (const auto index = books().FindTrialIndex(trial_id)) state_.books.RecordStored(*index, step);
}

void Scheduler::RecordData(const std::string& trial_id, std::string data_fingerprint) {
  const auto index = books().FindTrialIndex(trial_id);
  if (index) state_.books.trial(*index).data_fingerprint = std::move(data_fingerprint);
}

// ---- audit ----

std::string Scheduler::Inconsistency() const {
  if (std::string wrong = books().Inconsistency(); !wrong.empty()) return wrong;
  std::size_t leased = 0;
  for (TrialIndex index = 0; index < books().trials().size(); ++index) {
    const TrialRecord& trial = books().trial(index);
    if (trial.failures > state_.options.max_failures) return trial.id + " failed more often than it may";
    if (!trial.is_leased()) continue;
    ++leased;
    if (!fleet().at(trial.worker).held.contains(index)) return trial.id + " runs or stops without a lease";
  }
  std::size_t held = 0;
  std::size_t connected = 0;
  std::size_t remembered = 0;
  for (const WorkerRecord& worker : fleet().workers()) {
    held += worker.held.size();
    connected += worker.connected ? 1 : 0;
    remembered += worker.id.empty() || worker.is_forgotten ? 0 : 1;
    if (worker.is_forgotten && worker.busy() > 0) return worker.id + " is forgotten though it holds trials";
  }
  if (held != leased) return absl::StrCat(held, " leases for ", leased, " attempts");
  if (connected != fleet().connected()) return "the count of connected workers is wrong";
  if (remembered != fleet().remembered()) return "the count of remembered workers is wrong";
  return "";
}

}  // namespace ofsweep
