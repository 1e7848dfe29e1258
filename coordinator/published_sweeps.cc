#include "coordinator/published_sweeps.h"

#include <algorithm>

namespace ofsweep {

bool PublishedSweeps::IsContinuedBy(const Scheduler& scheduler) const {
  const std::vector<SweepRecord>& known = scheduler.books().sweeps();
  return sweeps_.size() <= known.size() &&
         std::equal(sweeps_.begin(), sweeps_.end(), known.begin(), [](const PublishedSweep& a, const SweepRecord& b) {
           return a.name == b.name && a.submitted_at == b.submitted_at;
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
  }
  AddSweeps(scheduler, scheduler.books().sweeps().size());
  for (SweepIndex sweep = 0; sweep < sweeps_.size(); ++sweep)
    sweeps_[sweep].state = scheduler.books().sweeps()[sweep].state;
  for (TrialIndex index = 0; index < trials_.size(); ++index) {
    const TrialRecord& trial = scheduler.books().trial(index);
    SetState(scheduler, index, trial.state, trial.worker == kNoWorker ? "" : scheduler.fleet().at(trial.worker).id);
  }
}

void PublishedSweeps::Apply(const Scheduler& scheduler, const PendingDecision& decision) {
  AddSweeps(scheduler, sweeps_.size() + (decision.adds_sweep ? 1 : 0));
  for (const Transition& transition : decision.transitions) {
    SetState(scheduler, transition.index, transition.to, transition.worker);
  }
  for (const auto& [name, state] : decision.sweep_states) {
    sweeps_[*scheduler.books().FindSweepIndex(name)].state = state;
  }
}

void PublishedSweeps::AddSweeps(const Scheduler& scheduler, std::size_t sweeps) {
  while (sweeps_.size() < sweeps) {
    const SweepRecord& record = scheduler.books().sweeps()[sweeps_.size()];
    const std::vector<TrialIndex>& trials = record.trials;
    PublishedSweep& sweep = sweeps_.emplace_back();
    sweep.name = record.name;
    sweep.submitted_at = record.submitted_at;
    sweep.first_end = first_end_;
    for (std::uint32_t position = 0; position < trials.size(); ++position) {
      if (trials[position] >= trials_.size()) trials_.resize(trials[position] + 1, TrialState::kPending);
      const TrialState state = trials_[trials[position]];
      ++sweep.counts[static_cast<std::size_t>(state)];
      if (IsTerminal(state)) sweep.finished_log.push_back(position);
    }
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
    if (place.sweep >= sweeps_.size()) continue;  // it is still to be stored
    PublishedSweep& sweep = sweeps_[place.sweep];
    --sweep.counts[static_cast<std::size_t>(from)];
    ++sweep.counts[static_cast<std::size_t>(to)];
    if (IsTerminal(to)) sweep.finished_log.push_back(place.position);
  }
}

}  // namespace ofsweep
