#include "tests/simulation/referee.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

std::string Words(const std::string& trial_id, std::uint64_t generation) {
  return absl::StrCat("attempt ", generation, " of trial ", trial_id);
}

}  // namespace

void Referee::Decided(const Decision& decision) {
  for (const AttemptRow& attempt : decision.attempts) CheckEnd(attempt);
  for (const TrialChange& change : decision.trials) CheckChange(change);
  // One decision may change a trial twice (it is adopted, and its end is recorded); what it counts at last must be
  // right.
  for (const TrialChange& change : decision.trials) {
    const auto& [trial_id, trial] = *trials_.find(change.trial_id);
    if (trial.failures != failures_[trial_id]) {
      Report(absl::StrCat(Words(trial_id, trial.generation), " counts ", trial.failures, " failures, but ",
                          failures_[trial_id], " happened"));
    }
  }
  asked_for_.clear();
}

void Referee::CheckEnd(const AttemptRow& attempt) {
  const AttemptName& name = attempt.name;
  if (!attempt.end) {
    running_.insert(name);
    return;
  }
  recorded_.insert(name);
  const bool was_running = running_.erase(name) > 0;
  const AttemptEnd& end = *attempt.end;
  const bool failed = end.outcome == AttemptOutcome::kFailed;
  if (!failed && end.outcome != AttemptOutcome::kCompleted && end.outcome != AttemptOutcome::kDiverged) return;
  const auto real = ends_.find(name);
  if (real == ends_.end() || real->second.outcome != end.outcome || real->second.failure != end.failure) {
    Report(absl::StrCat(Words(name.trial_id, name.generation), " is recorded as ", std::string(Name(end.outcome)),
                        ", which did not happen"));
  }
  if (failed && was_running) ++failures_[name.trial_id];
}

void Referee::CheckChange(const TrialChange& change) {
  Trial& trial = trials_[change.trial_id];
  const std::string words = Words(change.trial_id, change.generation);
  if (change.generation < trial.generation)
    Report(absl::StrCat(words, ": generation ", trial.generation, " was before"));
  const bool revived = IsTerminal(trial.state) && !IsTerminal(change.state);
  if (revived && !asked_for_.contains(change.trial_id)) {
    Report(absl::StrCat(words, " revives a trial that was ", std::string(Name(trial.state))));
  }
  if (revived && (trial.state == TrialState::kCompleted || trial.state == TrialState::kDiverged)) {
    Report(absl::StrCat(words, " repeats a trial that has its result"));
  }
  if (change.failures == 0 && asked_for_.contains(change.trial_id)) failures_[change.trial_id] = 0;
  if (change.state == TrialState::kFailed && change.failures < Limit(change.failure_class)) {
    Report(absl::StrCat(words, " gives up after ", change.failures, " failures, the last by ",
                        std::string(Name(change.failure_class))));
  }
  // What becomes of an attempt that was told to stop does not count.
  if (change.state == TrialState::kCancelled) running_.erase({change.trial_id, change.generation});
  trial = {change.state, change.generation, change.failures};
}

int Referee::Limit(FailureClass failure) const {
  if (failure == FailureClass::kBadConfig || failure == FailureClass::kBadData) return 1;
  return failure == FailureClass::kOom ? options_.max_oom_failures : options_.max_failures;
}

void Referee::Told(const WorkerReport& report, const SynchronizeAnswer& answer) {
  CheckLists(report, answer);
  const auto leases = static_cast<int>(answer.start.size() + answer.keep.size());
  if (!answer.start.empty() && leases > report.slots && report.slots > 0) {
    Report(absl::StrCat(report.worker_id, " is to run ", leases, " trials in ", report.slots, " slots"));
  }
  std::set<std::string> trials;
  for (const AttemptStart& start : answer.start) {
    const auto& [trial_id, generation] = start.name;
    const std::string words = Words(trial_id, generation);
    if (!trials.insert(trial_id).second) {
      Report(absl::StrCat(report.worker_id, " is told twice to start trial ", trial_id));
    }
    const auto [holder, is_new] = told_.try_emplace(start.name, report.worker_id);
    if (holder->second != report.worker_id) {
      Report(absl::StrCat(words, " is leased to ", holder->second, " and ", report.worker_id));
    }
    std::uint64_t& newest = newest_told_[trial_id];
    if (generation < newest) Report(absl::StrCat(words, " is told though ", newest, " was told before"));
    newest = std::max(newest, generation);
  }
}

// Each reported attempt is in one list; it is to be forgotten only when its end is recorded or it was overtaken.
void Referee::CheckLists(const WorkerReport& report, const SynchronizeAnswer& answer) {
  std::map<AttemptName, int> named;
  for (const Holding& holding : answer.keep) ++named[holding.name];
  for (const Holding& holding : answer.stop) ++named[holding.name];
  for (const AttemptName& name : answer.forget) {
    ++named[name];
    const bool overtaken = newest_told_[name.trial_id] > name.generation;
    if (!recorded_.contains(name) && !overtaken) {
      Report(absl::StrCat(Words(name.trial_id, name.generation),
                          " is to be forgotten, but is neither recorded nor overtaken"));
    }
  }
  for (const AttemptReport& attempt : report.attempts) {
    if (named[attempt.name] != 1) {
      Report(absl::StrCat(Words(attempt.name.trial_id, attempt.name.generation), " is in ", named[attempt.name],
                          " lists"));
    }
  }
}

void Referee::Restored(const Scheduler& scheduler) {
  for (const auto& [trial_id, newest] : newest_told_) {
    const TrialRecord* trial = scheduler.FindTrial(trial_id);
    if (trial == nullptr || trial->generation < newest) {
      Report(absl::StrCat(Words(trial_id, newest), " was told, but the disk has not heard of it"));
    }
  }
}

void Referee::Report(std::string violation) {
  if (violation_.empty()) violation_ = std::move(violation);
}

}  // namespace ofsweep
