#include "coordinator/scheduler_books.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator_types.h"
#include "storage/not_found.h"

namespace ofsweep {
namespace {

std::int64_t StepsToDo(const TrialRecord& trial, TrialState state) {
  return IsTerminal(state) ? 0 : std::max<std::int64_t>(0, trial.target_steps - trial.step);
}

}  // namespace

// ---- what there is ----

const SweepRecord* Books::FindSweep(const std::string& name) const {
  const auto it = sweep_by_name_.find(name);
  return it == sweep_by_name_.end() ? nullptr : &sweeps_[it->second];
}

absl::StatusOr<SweepIndex> Books::FindSweepIndex(const std::string& name) const {
  const auto it = sweep_by_name_.find(name);
  if (it == sweep_by_name_.end()) return NoSuchSweep(name);
  return it->second;
}

const TrialRecord* Books::FindTrial(const std::string& trial_id) const {
  const auto it = trial_by_id_.find(trial_id);
  return it == trial_by_id_.end() ? nullptr : &trials_[it->second];
}

std::optional<TrialIndex> Books::FindTrialIndex(const std::string& trial_id) const {
  const auto it = trial_by_id_.find(trial_id);
  if (it == trial_by_id_.end()) return std::nullopt;
  return it->second;
}

std::vector<std::string> Books::SweepNames(const TrialRecord& trial) const {
  std::vector<std::string> names;
  names.reserve(trial.places.size());
  for (const Place place : trial.places) names.push_back(sweeps_[place.sweep].name);
  return names;
}

std::uint64_t Books::UnfinishedOf(const std::string& owner) const {
  std::uint64_t trials = 0;
  for (const SweepRecord& sweep : sweeps_) trials += sweep.owner == owner ? sweep.unfinished() : 0;
  return trials;
}

bool Books::IsWanted(const TrialRecord& trial) const {
  return std::any_of(trial.places.begin(), trial.places.end(),
                     [&](Place place) { return sweeps_[place.sweep].live(); });
}

bool Books::IsIn(const TrialRecord& trial, SweepIndex sweep) const {
  return std::any_of(trial.places.begin(), trial.places.end(), [&](Place place) { return place.sweep == sweep; });
}

SweepGate Books::GateOf(const SweepRecord& sweep) const {
  if (!sweep.live()) return SweepGate::kEnded;
  if (!IsOurs(sweep)) return SweepGate::kOtherSweepsOnly;
  return sweep.state == SweepState::kPaused ? SweepGate::kPaused : SweepGate::kOpen;
}

SweepGate Books::GateOf(const TrialRecord& trial) const {
  SweepGate widest = SweepGate::kEnded;
  for (const Place place : trial.places) widest = std::min(widest, GateOf(sweeps_[place.sweep]));
  return widest;
}

bool Books::IsOurs(const TrialRecord& trial) const {
  return std::any_of(trial.places.begin(), trial.places.end(),
                     [&](Place place) { return IsOurs(sweeps_[place.sweep]); });
}

KeepCheckpoints Books::KeepOf(const TrialRecord& trial) const {
  KeepCheckpoints most = KeepCheckpoints::kNone;
  for (const Place place : trial.places) most = std::max(most, sweeps_[place.sweep].attributes.keep_checkpoints);
  return most;
}

SweepIndex Books::OldestLive(const TrialRecord& trial) const {
  const auto live =
      std::find_if(trial.places.begin(), trial.places.end(), [&](Place place) { return sweeps_[place.sweep].live(); });
  return (live == trial.places.end() ? trial.places.front() : *live).sweep;
}

// ---- changes ----

SweepIndex Books::AddSweep(std::string name, std::string owner, SweepAttributes attributes, SweepState state,
                           TimeMs submitted_at, std::size_t trials) {
  const auto index = static_cast<SweepIndex>(sweeps_.size());
  sweep_by_name_[name] = index;
  SweepRecord& sweep = sweeps_.emplace_back();
  sweep.name = std::move(name);
  queue_.AddSweep(index, owner);
  sweep.owner = std::move(owner);
  sweep.submitted_at = submitted_at;
  sweep.trials.reserve(trials);
  queue_.SetOpen(index, GateOf(sweep) == SweepGate::kOpen);
  SetAttributes(index, std::move(attributes));
  SetSweepState(index, state);
  return index;
}

void Books::SetAttributes(SweepIndex index, SweepAttributes attributes) {
  queue_.SetPriority(index, attributes.priority);
  sweeps_[index].attributes = std::move(attributes);
}

TrialIndex Books::AddTrial(const NewTrial& trial, Place place) {
  const auto [it, is_new] = trial_by_id_.try_emplace(trial.trial_id, static_cast<TrialIndex>(trials_.size()));
  if (is_new) {
    TrialRecord& record = trials_.emplace_back();
    record.id = trial.trial_id;
    record.target_steps = trial.target_steps;
    record.needs_cuda = trial.needs_cuda;
    record.data_fingerprint = trial.data_fingerprint;
  }
  TrialRecord& record = trials_[it->second];
  const auto is_older = [](SweepIndex sweep, Place other) { return sweep < other.sweep; };
  record.places.insert(std::upper_bound(record.places.begin(), record.places.end(), place.sweep, is_older), place);
  SweepRecord& sweep = sweeps_[place.sweep];
  sweep.trials.push_back(it->second);
  ++sweep.counts[static_cast<std::size_t>(record.state)];
  sweep.steps_done += record.step;
  sweep.steps_to_do += StepsToDo(record, record.state);
  // A trial that waits for its time is in no queue yet; one that is in its older sweeps' queues belongs into this one
  // too.
  if (record.state == TrialState::kPending && !record.stopping &&
      !queue_.delayed().contains({record.not_before, it->second})) {
    queue_.Insert(record);
  }
  return it->second;
}

void Books::SetState(TrialIndex index, TrialState to, TimeMs now) {
  TrialRecord& trial = trials_[index];
  Dequeue(index);
  Count(trial, trial.state, to);
  trial.state = to;
  if (to == TrialState::kRunning) trial.not_before = 0;
  Enqueue(index, now);
}

void Books::Count(const TrialRecord& trial, TrialState from, TrialState to) {
  for (const Place place : trial.places) {
    SweepRecord& sweep = sweeps_[place.sweep];
    --sweep.counts[static_cast<std::size_t>(from)];
    ++sweep.counts[static_cast<std::size_t>(to)];
    sweep.steps_to_do += StepsToDo(trial, to) - StepsToDo(trial, from);
  }
}

void Books::Dequeue(TrialIndex index) {
  const TrialRecord& trial = trials_[index];
  if (trial.state != TrialState::kPending) return;
  queue_.Remove(trial);
  queue_.RemoveDelayed(index, trial.not_before);
}

void Books::Enqueue(TrialIndex index, TimeMs now) {
  const TrialRecord& trial = trials_[index];
  if (trial.state != TrialState::kPending) return;
  switch (trial.HoldAt(now)) {
    case TrialHold::kStopping:
      return;
    case TrialHold::kRetryTime:
      return queue_.Delay(index, trial.not_before);
    case TrialHold::kNone:
      return queue_.Insert(trial);
  }
}

void Books::SetStopping(TrialIndex index, bool stopping, TimeMs now) {
  Dequeue(index);
  trials_[index].stopping = stopping;
  Enqueue(index, now);
}

void Books::PromoteDue(TimeMs now) {
  while (const auto trial = queue_.PopDue(now)) queue_.Insert(trials_[*trial]);
}

bool Books::SetSweepState(SweepIndex index, SweepState state) {
  SweepRecord& sweep = sweeps_[index];
  if (sweep.state == state) return false;
  if (sweep.state == SweepState::kPaused) --paused_sweeps_;
  if (state == SweepState::kPaused) ++paused_sweeps_;
  sweep.state = state;
  queue_.SetOpen(index, GateOf(sweep) == SweepGate::kOpen);
  return true;
}

void Books::TakeSlot(TrialIndex index, SweepIndex sweep) {
  trials_[index].in_turn_of = sweep;
  queue_.TakeSlot(sweep);
}

void Books::GiveSlotBack(TrialIndex index) {
  queue_.GiveSlotBack(std::exchange(trials_[index].in_turn_of, kNoSweep));
}

void Books::RecordStep(TrialIndex index, std::int64_t step) {
  TrialRecord& trial = trials_[index];
  if (step > trial.step) SetStep(trial, step);
}

void Books::RecordStored(TrialIndex index, std::int64_t step) {
  TrialRecord& trial = trials_[index];
  trial.stored_through = std::max(trial.stored_through, step);
  RecordStep(index, step);
}

bool Books::Begin(TrialIndex index, std::int64_t from_step) {
  TrialRecord& trial = trials_[index];
  trial.known = true;
  if (trial.begun()) return true;
  if (from_step > trial.stored_through) return false;
  trial.curve_generation = trial.generation;
  trial.stored_through = from_step;
  SetStep(trial, from_step);
  return true;
}

void Books::SetStep(TrialRecord& trial, std::int64_t step) {
  const std::int64_t to_do_before = StepsToDo(trial, trial.state);
  const std::int64_t added = step - trial.step;
  trial.step = step;
  for (const Place place : trial.places) {
    sweeps_[place.sweep].steps_done += added;
    sweeps_[place.sweep].steps_to_do += StepsToDo(trial, trial.state) - to_do_before;
  }
}

// ---- audit ----

std::string Books::Inconsistency() const {
  for (TrialIndex index = 0; index < trials_.size(); ++index) {
    if (std::string wrong = TrialInconsistency(trials_[index], index); !wrong.empty()) {
      return absl::StrCat("trial ", trials_[index].id, " (", std::string(Name(trials_[index].state)), "): ", wrong);
    }
  }
  for (SweepIndex index = 0; index < sweeps_.size(); ++index) {
    if (std::string wrong = SweepInconsistency(sweeps_[index], index); !wrong.empty()) {
      return absl::StrCat("sweep ", sweeps_[index].name, " (", std::string(Name(sweeps_[index].state)), "): ", wrong);
    }
  }
  return "";
}

std::string Books::TrialInconsistency(const TrialRecord& trial, TrialIndex index) const {
  const bool delayed = queue_.delayed().contains({trial.not_before, index});
  const bool queued = queue_.Contains(trial);
  if (trial.stopping && (queued || delayed)) return "waits though its worker still holds it";
  if (trial.stopping && trial.state == TrialState::kRunning) return "is running and stopping";
  if (trial.is_leased() != (trial.in_turn_of != kNoSweep)) return "is leased, and its slot counts for no sweep, or not";
  if (trial.state == TrialState::kPending && !trial.stopping && queued == delayed) {
    return queued ? "stands in a queue and waits for its time too" : "stands in no queue";
  }
  if (trial.state != TrialState::kPending && (queued || delayed)) return "waits though it is not pending";
  if (trial.adoptable && trial.state != TrialState::kPending) return "could be adopted though it is not pending";
  if (!IsTerminal(trial.state) && !IsWanted(trial)) return "no live sweep wants it";
  if (trial.state == TrialState::kCancelled && IsWanted(trial)) return "cancelled though a live sweep wants it";
  return "";
}

std::string Books::SweepInconsistency(const SweepRecord& sweep, SweepIndex index) const {
  std::array<std::uint64_t, 7> counts{};
  std::int64_t done = 0;
  std::int64_t to_do = 0;
  std::size_t ready = 0;
  int slots = 0;
  for (const TrialIndex trial_index : sweep.trials) {
    const TrialRecord& trial = trials_[trial_index];
    ++counts[static_cast<std::size_t>(trial.state)];
    done += trial.step;
    to_do += StepsToDo(trial, trial.state);
    if (trial.state == TrialState::kPending && queue_.Contains(trial)) ++ready;
    if (trial.in_turn_of == index) ++slots;
  }
  if (slots != queue_.order().SlotsOf(index)) return "its count of slots is wrong";
  if (counts != sweep.counts) return "its counts of trials by state are wrong";
  if (done != sweep.steps_done || to_do != sweep.steps_to_do) return "its counts of steps are wrong";
  if (ready != queue_.CountReady(index, false) + queue_.CountReady(index, true)) return "its queue is wrong";
  if (sweep.live() && sweep.unfinished() == 0) return "is not finished though all of its trials are";
  if (sweep.state == SweepState::kFinished && sweep.unfinished() > 0) return "is finished though its trials are not";
  return "";
}

}  // namespace ofsweep
