// The scheduler audits its own books; the simulation calls this all along.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler.h"

namespace ofsweep {

std::string Scheduler::Inconsistency() const {
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
  std::size_t held = 0;
  std::size_t connected = 0;
  for (const WorkerRecord& worker : fleet_.workers()) {
    held += worker.held.size();
    connected += worker.connected ? 1 : 0;
  }
  const auto leased = std::count_if(trials_.begin(), trials_.end(), [](const TrialRecord& trial) {
    return trial.state == TrialState::kRunning || trial.stopping;
  });
  if (held != static_cast<std::size_t>(leased)) return absl::StrCat(held, " leases for ", leased, " attempts");
  if (connected != fleet_.connected()) return "the count of connected workers is wrong";
  return "";
}

std::string Scheduler::TrialInconsistency(const TrialRecord& trial, TrialIndex index) const {
  const bool delayed = queue_.delayed().contains({trial.not_before, index});
  const bool queued = queue_.Contains(trial);
  if (trial.stopping && (queued || delayed)) return "waits though its worker still holds it";
  if (trial.stopping && trial.state == TrialState::kRunning) return "is running and stopping";
  if (trial.stopping && !fleet_.at(trial.worker).held.contains(index)) return "is stopping without a lease";
  if (trial.state == TrialState::kPending && !trial.stopping && queued == delayed) {
    return queued ? "stands in a queue and waits for its time too" : "stands in no queue";
  }
  if (trial.state != TrialState::kPending && (queued || delayed)) return "waits though it is not pending";
  if (trial.state == TrialState::kRunning && !fleet_.at(trial.worker).held.contains(index)) return "has no lease";
  if (trial.adoptable && trial.state != TrialState::kPending) return "could be adopted though it is not pending";
  if (!IsTerminal(trial.state) && !IsWanted(trial)) return "no live sweep wants it";
  if (trial.state == TrialState::kCancelled && IsWanted(trial)) return "cancelled though a live sweep wants it";
  if (trial.failures > options_.max_failures) return "failed more often than it may";
  return "";
}

std::string Scheduler::SweepInconsistency(const SweepRecord& sweep, SweepIndex index) const {
  std::array<std::uint64_t, 7> counts{};
  std::int64_t done = 0;
  std::int64_t to_do = 0;
  std::size_t ready = 0;
  for (const TrialIndex trial_index : sweep.trials) {
    const TrialRecord& trial = trials_[trial_index];
    ++counts[static_cast<std::size_t>(trial.state)];
    done += trial.step;
    if (!IsTerminal(trial.state)) to_do += std::max<std::int64_t>(0, trial.target_steps - trial.step);
    if (trial.state == TrialState::kPending && queue_.Contains(trial)) ++ready;
  }
  if (counts != sweep.counts) return "its counts of trials by state are wrong";
  if (done != sweep.steps_done || to_do != sweep.steps_to_do) return "its counts of steps are wrong";
  if (ready != queue_.CountReady(index, false) + queue_.CountReady(index, true)) return "its queue is wrong";
  if (sweep.live() && sweep.unfinished() == 0) return "is not finished though all of its trials are";
  if (sweep.state == SweepState::kFinished && sweep.unfinished() > 0) return "is finished though its trials are not";
  return "";
}

}  // namespace ofsweep
