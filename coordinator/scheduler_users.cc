// What users ask of the scheduler: pause, resume, cancel, retry.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler.h"
#include "experiment/quoted.h"

namespace ofsweep {

absl::StatusOr<SweepIndex> Scheduler::FindSweepIndex(const std::string& name) const {
  const auto it = sweep_by_name_.find(name);
  if (it == sweep_by_name_.end()) return NoSuchSweep(name);
  return it->second;
}

absl::StatusOr<Decision> Scheduler::Pause(const std::string& name, TimeMs) {
  const auto index = FindSweepIndex(name);
  if (!index.ok()) return index.status();
  const SweepRecord& sweep = sweeps_[*index];
  if (!sweep.live()) {
    return absl::FailedPreconditionError(
        absl::StrCat("sweep \"", name, "\" is ", std::string(Name(sweep.state)), ": nothing is left to pause"));
  }
  Decision decision;
  SetSweepState(*index, SweepState::kPaused, decision);
  return decision;
}

absl::StatusOr<Decision> Scheduler::Resume(const std::string& name, TimeMs now) {
  const auto index = FindSweepIndex(name);
  if (!index.ok()) return index.status();
  Decision decision;
  if (sweeps_[*index].state == SweepState::kFinished) return decision;
  SetSweepState(*index, SweepState::kActive, decision);
  for (const TrialIndex trial : sweeps_[*index].trials) {
    if (trials_[trial].state == TrialState::kCancelled) {
      MakePending(trial, false, absl::StrCat("sweep ", name, " was resumed"), now, decision);
    }
  }
  UpdateSweepEnd(*index, decision);
  return decision;
}

absl::StatusOr<Decision> Scheduler::Cancel(const std::string& name, TimeMs now) {
  const auto index = FindSweepIndex(name);
  if (!index.ok()) return index.status();
  Decision decision;
  if (!sweeps_[*index].live()) return decision;
  SetSweepState(*index, SweepState::kCancelled, decision);
  for (const TrialIndex trial : sweeps_[*index].trials) {
    if (!IsTerminal(trials_[trial].state) && !IsWanted(trials_[trial])) CancelTrial(trial, now, decision);
  }
  return decision;
}

absl::StatusOr<Decision> Scheduler::Retry(const std::string& name, std::span<const std::string> trial_ids, TimeMs now) {
  const auto index = FindSweepIndex(name);
  if (!index.ok()) return index.status();
  const SweepRecord& sweep = sweeps_[*index];
  if (sweep.state == SweepState::kCancelled) {
    return absl::FailedPreconditionError(
        absl::StrCat("sweep \"", name, "\" is cancelled: resume it first, then retry its failed trials"));
  }
  std::vector<TrialIndex> wanted;
  for (const std::string& id : trial_ids) {
    const auto it = trial_by_id_.find(id);
    const bool held =
        it != trial_by_id_.end() && std::any_of(trials_[it->second].places.begin(), trials_[it->second].places.end(),
                                                [&](Place place) { return place.sweep == *index; });
    if (!held) return absl::NotFoundError(absl::StrCat("sweep \"", name, "\" has no trial ", Quoted(id)));
    wanted.push_back(it->second);
  }
  if (trial_ids.empty()) wanted = sweep.trials;

  Decision decision;
  for (const TrialIndex trial : wanted) {
    if (trials_[trial].state == TrialState::kFailed) MakePending(trial, true, "retried by a user", now, decision);
  }
  return decision;
}

void Scheduler::MakePending(TrialIndex index, bool fresh_budget, std::string reason, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  if (fresh_budget) trial.failures = 0;
  trial.last_failure = FailureClass::kNone;
  trial.not_before = 0;
  trial.avoid_until = 0;
  trial.adoptable = false;
  Change(index, TrialState::kPending, {.reason = std::move(reason)}, now, decision);
}

void Scheduler::CancelTrial(TrialIndex index, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  // The worker is not waited for: its next call tells it to stop.
  if (trial.state == TrialState::kRunning) trial.stopping = true;
  trial.adoptable = false;
  Change(index, TrialState::kCancelled, {.reason = "its sweep was cancelled"}, now, decision);
}

}  // namespace ofsweep
