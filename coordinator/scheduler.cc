#include "coordinator/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

std::int64_t StepsToDo(const TrialRecord& trial) {
  return IsTerminal(trial.state) ? 0 : std::max<std::int64_t>(0, trial.target_steps - trial.step);
}

}  // namespace

// ---- what was stored ----

Decision Scheduler::Restore(std::vector<StoredSweep> sweeps, TimeMs now) {
  Decision decision;
  for (const StoredSweep& stored : sweeps) {
    const auto index = static_cast<SweepIndex>(sweeps_.size());
    sweep_by_name_[stored.name] = index;
    SweepRecord& sweep = sweeps_.emplace_back();
    sweep.name = stored.name;
    sweep.state = stored.state;
    sweep.submitted_at = stored.submitted_at;
    if (sweep.state == SweepState::kPaused) ++paused_sweeps_;
    UpdateQueue(index);
    sweep.trials.reserve(stored.trials.size());
    for (std::uint32_t position = 0; position < stored.trials.size(); ++position) {
      RestoreTrial(stored.trials[position], {index, position}, now);
    }
  }
  for (SweepIndex index = 0; index < sweeps_.size(); ++index) UpdateSweepEnd(index, decision);
  return decision;
}

void Scheduler::RestoreTrial(const StoredTrial& stored, Place place, TimeMs now) {
  const bool is_new = !trial_by_id_.contains(stored.trial.trial_id);
  const TrialIndex index = AddTrial(stored.trial, place);
  if (!is_new) return;
  TrialRecord& trial = trials_[index];
  if (stored.state != TrialState::kPending) queue_.Remove(trial);
  Count(trial, trial.state, stored.state);
  trial.state = stored.state;
  trial.generation = stored.generation;
  trial.attempts = stored.attempts;
  trial.failures = stored.failures;
  RecordStep(trial.id, stored.step);
  trial.stored_through = stored.stored_through;
  trial.curve_generation = stored.curve_generation;
  trial.stopping = stored.attempt_open && trial.state != TrialState::kRunning;
  if (trial.stopping) queue_.Remove(trial);
  if (trial.state == TrialState::kRunning || trial.stopping) {
    Lease(index, fleet_.Ensure(stored.worker));
    // Nobody can tell any more whether it was reported; told again, its name might be used twice.
    trial.known = true;
    WorkerRecord& worker = fleet_.at(trial.worker);
    worker.last_seen = std::max(worker.last_seen, now);
  }
}

// ---- what a user adds ----

Decision Scheduler::AddSweep(std::string name, std::vector<NewTrial> trials, TimeMs now) {
  Decision decision;
  const auto index = static_cast<SweepIndex>(sweeps_.size());
  sweep_by_name_[name] = index;
  sweeps_.emplace_back();
  sweeps_[index].name = std::move(name);
  sweeps_[index].submitted_at = now;
  sweeps_[index].trials.reserve(trials.size());
  UpdateQueue(index);
  for (std::uint32_t position = 0; position < trials.size(); ++position) {
    const bool is_new = !trial_by_id_.contains(trials[position].trial_id);
    const TrialIndex trial = AddTrial(trials[position], {index, position});
    if (is_new) continue;
    if (trials_[trial].state == TrialState::kFailed || trials_[trial].state == TrialState::kCancelled) {
      MakePending(trial, true, absl::StrCat("wanted by sweep ", sweeps_[index].name), now, decision);
    }
  }
  UpdateSweepEnd(index, decision);
  return decision;
}

TrialIndex Scheduler::AddTrial(const NewTrial& trial, Place place) {
  const auto [it, is_new] = trial_by_id_.try_emplace(trial.trial_id, static_cast<TrialIndex>(trials_.size()));
  if (is_new) {
    TrialRecord& record = trials_.emplace_back();
    record.id = trial.trial_id;
    record.target_steps = trial.target_steps;
    record.needs_cuda = trial.needs_cuda;
    record.data_fingerprint = trial.data_fingerprint;
  }
  TrialRecord& record = trials_[it->second];
  record.places.push_back(place);
  SweepRecord& sweep = sweeps_[place.sweep];
  sweep.trials.push_back(it->second);
  ++sweep.counts[static_cast<std::size_t>(record.state)];
  sweep.steps_done += record.step;
  sweep.steps_to_do += StepsToDo(record);
  // A trial that waits for its time is in no queue yet; one that is in its older sweeps' queues belongs into this one
  // too.
  if (record.state == TrialState::kPending && !record.stopping &&
      !queue_.delayed().contains({record.not_before, it->second})) {
    queue_.Insert(record);
  }
  return it->second;
}

// ---- changes of state ----

void Scheduler::Change(TrialIndex index, TrialState to, Cause cause, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  const TrialState from = trial.state;
  if (from == TrialState::kPending) {
    queue_.Remove(trial);
    queue_.RemoveDelayed(index, trial.not_before);
  }
  Count(trial, from, to);
  trial.state = to;
  if (to == TrialState::kPending && !trial.stopping) Enqueue(index, now);
  decision.change.trials.push_back(RowOf(trial, cause, now));
  decision.transitions.push_back({.index = index,
                                  .trial_id = trial.id,
                                  .sweeps = SweepNames(trial),
                                  .worker = decision.change.trials.back().worker,
                                  .from = from,
                                  .to = to,
                                  .why = cause.why,
                                  .lease_expired = cause.lease_expired,
                                  .reason = std::move(cause.reason)});
  for (const Place place : trial.places) UpdateSweepEnd(place.sweep, decision);
}

TrialChange Scheduler::RowOf(const TrialRecord& trial, Cause cause, TimeMs now) const {
  return {.trial_id = trial.id,
          .state = trial.state,
          .generation = trial.generation,
          .attempts = trial.attempts,
          .failures = trial.failures,
          .worker = trial.worker == kNoWorker ? "" : fleet_.at(trial.worker).id,
          .failure_class = cause.failure,
          .failure_message = std::move(cause.message),
          .diverged_reason = std::move(cause.diverged_reason),
          .diverged_step = cause.diverged_step,
          .added_wall_seconds = cause.wall_seconds,
          .at = now};
}

void Scheduler::Count(const TrialRecord& trial, TrialState from, TrialState to) {
  const std::int64_t to_do = std::max<std::int64_t>(0, trial.target_steps - trial.step);
  for (const Place place : trial.places) {
    SweepRecord& sweep = sweeps_[place.sweep];
    --sweep.counts[static_cast<std::size_t>(from)];
    ++sweep.counts[static_cast<std::size_t>(to)];
    sweep.steps_to_do += (IsTerminal(to) ? 0 : to_do) - (IsTerminal(from) ? 0 : to_do);
  }
}

void Scheduler::Enqueue(TrialIndex index, TimeMs now) {
  const TrialRecord& trial = trials_[index];
  if (trial.not_before > now) {
    queue_.Delay(index, trial.not_before);
  } else {
    queue_.Insert(trial);
  }
}

void Scheduler::PromoteDue(TimeMs now) {
  while (const auto trial = queue_.PopDue(now)) queue_.Insert(trials_[*trial]);
}

void Scheduler::SetSweepState(SweepIndex index, SweepState state, Decision& decision) {
  SweepRecord& sweep = sweeps_[index];
  if (sweep.state == state) return;
  if (sweep.state == SweepState::kPaused) --paused_sweeps_;
  if (state == SweepState::kPaused) ++paused_sweeps_;
  sweep.state = state;
  UpdateQueue(index);
  decision.change.sweeps.emplace_back(sweep.name, state);
}

void Scheduler::UpdateQueue(SweepIndex index) {
  const SweepRecord& sweep = sweeps_[index];
  queue_.SetActive(index, sweep.state == SweepState::kActive && MayStart(sweep));
}

bool Scheduler::MayStart(const SweepRecord& sweep) const {
  return options_.only_sweep.empty() || options_.only_sweep == sweep.name;
}

bool Scheduler::MayStart(const TrialRecord& trial) const {
  return std::any_of(trial.places.begin(), trial.places.end(),
                     [&](Place place) { return MayStart(sweeps_[place.sweep]); });
}

// A sweep is finished while all of its trials have a final state: when another sweep makes one of them pending again,
// it is active again.
void Scheduler::UpdateSweepEnd(SweepIndex index, Decision& decision) {
  const SweepRecord& sweep = sweeps_[index];
  if (sweep.live() && sweep.unfinished() == 0) SetSweepState(index, SweepState::kFinished, decision);
  if (sweep.state == SweepState::kFinished && sweep.unfinished() > 0) {
    SetSweepState(index, SweepState::kActive, decision);
  }
}

bool Scheduler::IsWanted(const TrialRecord& trial) const {
  return std::any_of(trial.places.begin(), trial.places.end(),
                     [&](Place place) { return sweeps_[place.sweep].live(); });
}

void Scheduler::RecordStep(const std::string& trial_id, std::int64_t step) {
  const auto it = trial_by_id_.find(trial_id);
  if (it == trial_by_id_.end()) return;
  TrialRecord& trial = trials_[it->second];
  if (step > trial.step) SetStep(trial, step);
}

void Scheduler::RecordStored(const std::string& trial_id, std::int64_t step) {
  const auto it = trial_by_id_.find(trial_id);
  if (it == trial_by_id_.end()) return;
  TrialRecord& trial = trials_[it->second];
  trial.stored_through = std::max(trial.stored_through, step);
  RecordStep(trial_id, step);
}

void Scheduler::RecordData(const std::string& trial_id, std::string data_fingerprint) {
  const auto it = trial_by_id_.find(trial_id);
  if (it != trial_by_id_.end()) trials_[it->second].data_fingerprint = std::move(data_fingerprint);
}

void Scheduler::SetStep(TrialRecord& trial, std::int64_t step) {
  const std::int64_t to_do_before = StepsToDo(trial);
  const std::int64_t added = step - trial.step;
  trial.step = step;
  for (const Place place : trial.places) {
    sweeps_[place.sweep].steps_done += added;
    sweeps_[place.sweep].steps_to_do += StepsToDo(trial) - to_do_before;
  }
}

// ---- views ----

const SweepRecord* Scheduler::FindSweep(const std::string& name) const {
  const auto it = sweep_by_name_.find(name);
  return it == sweep_by_name_.end() ? nullptr : &sweeps_[it->second];
}

const TrialRecord* Scheduler::FindTrial(const std::string& trial_id) const {
  const auto it = trial_by_id_.find(trial_id);
  return it == trial_by_id_.end() ? nullptr : &trials_[it->second];
}

std::vector<std::string> Scheduler::SweepNames(const TrialRecord& trial) const {
  std::vector<std::string> names;
  names.reserve(trial.places.size());
  for (const Place place : trial.places) names.push_back(sweeps_[place.sweep].name);
  return names;
}

std::vector<WorkerView> Scheduler::Workers(TimeMs now) const {
  std::vector<WorkerView> views;
  for (WorkerIndex index = 0; index < fleet_.workers().size(); ++index) {
    const WorkerRecord& worker = fleet_.at(index);
    const bool quarantined = fleet_.InQuarantine(index, now);
    views.push_back({.worker_id = worker.id,
                     .host = worker.host,
                     .version = worker.version,
                     .scrape_target = worker.scrape_target,
                     .slots = worker.slots,
                     .busy = worker.busy(),
                     .devices = worker.devices,
                     .unsent_points = worker.unsent_points,
                     .last_seen = worker.last_seen,
                     .connected = worker.connected,
                     .quarantined = quarantined,
                     .quarantine_reason = quarantined ? worker.quarantine_reason : ""});
  }
  return views;
}

}  // namespace ofsweep
