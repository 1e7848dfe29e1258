#include "coordinator/published_sweeps.h"

#include <algorithm>

namespace ofsweep {

bool PublishedSweeps::IsContinuedBy(const Scheduler& scheduler) const {
  const std::vector<SweepRecord>& known = scheduler.books().sweeps();
  return !has_grown_ && sweeps_.size() <= known.size() &&
         std::equal(sweeps_.begin(), sweeps_.end(), known.begin(), [](const PublishedSweep& a, const SweepRecord& b) {
           return a.name == b.name && a.submitted_at == b.submitted_at && a.size == b.trials.size();
         });
}

void PublishedSweeps::CatchUp(const Scheduler& scheduler) {
  if (!IsContinuedBy(scheduler)) {
    for (const PublishedSweep& sweep : sweeps_) {
      first_end_ = std::max(first_end_, sweep.first_end + sweep.finished_log.size());
    }
    sweeps_.clear();
    trials_.clear();
    running_.clear();
    has_grown_ = false;
  }
  const std::vector<SweepRecord>& known = scheduler.books().sweeps();
  for (SweepIndex sweep = 0; sweep < known.size(); ++sweep) {
    Grow(scheduler, sweep, known[sweep].trials.size());
    sweeps_[sweep].state = known[sweep].state;
  }
  for (TrialIndex index = 0; index < trials_.size(); ++index) {
    const TrialRecord& trial = scheduler.books().trial(index);
    SetState(scheduler, index, trial.state, trial.worker == kNoWorker ? "" : scheduler.fleet().at(trial.worker).id);
  }
}

void PublishedSweeps::Apply(const Scheduler& scheduler, const PendingDecision& decision) {
  if (decision.sweep_size) {
    const SweepIndex index = *scheduler.books().FindSweepIndex(decision.sweep_size->name);
    has_grown_ = has_grown_ || index < sweeps_.size();
    Grow(scheduler, index, decision.sweep_size->trials);
  }
  for (const Transition& transition : decision.transitions) {
    SetState(scheduler, transition.index, transition.to, transition.worker);
  }
  for (const auto& [name, state] : decision.sweep_states) {
    sweeps_[*scheduler.books().FindSweepIndex(name)].state = state;
  }
}

void PublishedSweeps::Grow(const Scheduler& scheduler, SweepIndex index, std::size_t size) {
  const SweepRecord& record = scheduler.books().sweeps()[index];
  if (index == sweeps_.size()) {
    sweeps_.push_back({.name = record.name, .submitted_at = record.submitted_at, .first_end = first_end_});
  }
  PublishedSweep& sweep = sweeps_[index];
  for (; sweep.size < size; ++sweep.size) {
    const TrialIndex trial = record.trials[sweep.size];
    if (trial >= trials_.size()) trials_.resize(trial + 1, TrialState::kPending);
    const TrialState state = trials_[trial];
    ++sweep.counts[static_cast<std::size_t>(state)];
    if (IsTerminal(state)) sweep.finished_log.push_back(sweep.size);
  }
}

void PublishedSweeps::SetState(const Scheduler& scheduler, TrialIndex index, TrialState to, const std::string& worker) {
  if (to == TrialState::kRunning) {
    running_[index] = worker;
  } else {
    running_.erase(index);
  }
  const TrialState from = std::exchange(trials_[index], to);
  if (from == to) return;
  for (const Place place : scheduler.books().trial(index).places) {
    if (place.sweep >= sweeps_.size() || place.position >= sweeps_[place.sweep].size) continue;  // still to be stored
    PublishedSweep& sweep = sweeps_[place.sweep];
    --sweep.counts[static_cast<std::size_t>(from)];
    ++sweep.counts[static_cast<std::size_t>(to)];
    if (IsTerminal(to)) sweep.finished_log.push_back(place.position);
  }
}

}  // namespace ofsweep
