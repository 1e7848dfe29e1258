#include "tests/simulation/simulated_disk.h"

namespace ofsweep {

void SimulatedDisk::InsertSweep(const std::string& name, const std::vector<NewTrial>& trials, TimeMs now) {
  Sweep& sweep = sweeps_.emplace_back(Sweep{name, SweepState::kActive, now, {}});
  for (const NewTrial& trial : trials) {
    sweep.trial_ids.push_back(trial.trial_id);
    StoredTrial& stored = trials_.try_emplace(trial.trial_id, StoredTrial{.trial = trial, .worker = ""}).first->second;
    if (stored.state == TrialState::kFailed || stored.state == TrialState::kCancelled) {
      stored.state = TrialState::kPending;
      stored.failures = 0;
    }
  }
}

void SimulatedDisk::ApplySweeps(const Decision& decision) {
  for (const auto& [name, state] : decision.sweeps) {
    for (Sweep& sweep : sweeps_) {
      if (sweep.name == name) sweep.state = state;
    }
  }
}

void SimulatedDisk::ApplyTrials(const Decision& decision) {
  for (const TrialChange& change : decision.trials) {
    StoredTrial& stored = trials_.at(change.trial_id);
    stored.state = change.state;
    stored.generation = change.generation;
    stored.attempts = change.attempts;
    stored.failures = change.failures;
    stored.worker = change.worker;
  }
  for (const AttemptRow& attempt : decision.attempts) {
    StoredTrial& stored = trials_.at(attempt.name.trial_id);
    if (attempt.name.generation == stored.generation) stored.attempt_open = !attempt.end;
  }
}

std::vector<StoredSweep> SimulatedDisk::Load() const {
  std::vector<StoredSweep> loaded;
  for (const Sweep& sweep : sweeps_) {
    StoredSweep& stored = loaded.emplace_back(
        StoredSweep{.name = sweep.name, .state = sweep.state, .submitted_at = sweep.submitted_at, .trials = {}});
    for (const std::string& id : sweep.trial_ids) stored.trials.push_back(trials_.at(id));
  }
  return loaded;
}

}  // namespace ofsweep
