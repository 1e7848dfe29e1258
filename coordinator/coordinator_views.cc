// What people see of the coordinator.
#include <algorithm>

#include "coordinator/coordinator.h"

namespace ofsweep {
SweepSummary Coordinator::Summarize(const SweepRecord& sweep, TimeMs now) const {
  SweepSummary summary;
  summary.name = sweep.name;
  summary.state = sweep.state;
  summary.submitted_at = sweep.submitted_at;
  for (std::size_t state = 0; state < sweep.counts.size(); ++state) {
    if (sweep.counts[state] > 0) summary.counts[static_cast<TrialState>(state)] = sweep.counts[state];
  }
  summary.waiting_reason = scheduler_.WaitingReason(sweep, now);
  return summary;
}

absl::StatusOr<SweepSummary> Coordinator::Summary(const std::string& sweep) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = Refresh(); !status.ok()) return status;
  const SweepRecord* record = scheduler_.FindSweep(sweep);
  if (record == nullptr) return NoSuchSweep(sweep);
  return Summarize(*record, clock_.Now());
}

std::vector<SweepSummary> Coordinator::Summaries() {
  absl::MutexLock lock(&mutex_);
  const TimeMs now = clock_.Now();
  std::vector<SweepSummary> summaries;
  for (const SweepRecord& sweep : scheduler_.sweeps()) summaries.push_back(Summarize(sweep, now));
  return summaries;
}

absl::StatusOr<SweepProgress> Coordinator::Progress(const std::string& sweep, std::uint64_t finished_cursor) {
  SweepProgress progress;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    const SweepRecord* record = scheduler_.FindSweep(sweep);
    if (record == nullptr) return NoSuchSweep(sweep);
    progress.sweep = Summarize(*record, clock_.Now());
    progress.steps_done = record->steps_done;
    progress.steps_total = record->steps_done + record->steps_to_do;
    for (std::size_t i = finished_cursor; i < record->finished_log.size(); ++i) {
      const std::uint32_t position = record->finished_log[i];
      progress.finished.push_back({scheduler_.trial(record->trials[position]).id, position});
    }
    progress.finished_cursor = record->finished_log.size();
    AddRunning(*record, progress);
  }
  if (absl::Status status = AddLabels(sweep, progress.running); !status.ok()) return status;
  return progress;
}

void Coordinator::AddRunning(const SweepRecord& sweep, SweepProgress& progress) const {
  std::vector<std::pair<std::uint32_t, RunningTrial>> running;
  double speed = 0;
  for (const WorkerRecord& worker : scheduler_.fleet().workers()) {
    for (const TrialIndex index : worker.held) {
      const TrialRecord& trial = scheduler_.trial(index);
      const auto place = std::find_if(trial.places.begin(), trial.places.end(),
                                      [&](Place held) { return &scheduler_.sweeps()[held.sweep] == &sweep; });
      if (place == trial.places.end()) continue;
      RunningTrial entry{.trial_id = trial.id, .worker = worker.id, .target_steps = trial.target_steps};
      entry.live = live_.Get(trial.id);
      entry.live.step = std::max(entry.live.step, trial.step);
      speed += entry.live.steps_per_second.value_or(0);
      running.emplace_back(place->position, std::move(entry));
    }
  }
  std::sort(running.begin(), running.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [position, entry] : running) progress.running.push_back(std::move(entry));
  if (sweep.state == SweepState::kActive && speed > 0) {
    progress.eta_seconds = static_cast<double>(sweep.steps_to_do) / speed;
  }
}

absl::Status Coordinator::AddLabels(const std::string& sweep, std::vector<RunningTrial>& running) {
  const auto keys = LabelKeys(sweep);
  if (!keys.ok()) return keys.status();
  for (RunningTrial& trial : running) {
    const std::pair<std::string, std::string> name(sweep, trial.trial_id);
    {
      absl::MutexLock lock(&mutex_);
      const auto known = labels_.find(name);
      if (known != labels_.end()) trial.label = known->second;
      if (known != labels_.end()) continue;
    }
    const auto row = store_.FindTrial(trial.trial_id);
    if (!row.ok()) return row.status();
    if (*row) trial.label = TrialLabel(*keys, (*row)->config_json);
    absl::MutexLock lock(&mutex_);
    const TrialRecord* record = scheduler_.FindTrial(trial.trial_id);
    if (record != nullptr && record->state == TrialState::kRunning) labels_[name] = trial.label;
  }
  return absl::OkStatus();
}

bool Coordinator::WaitForChange(std::uint64_t& version, absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  while (version_ == version) {
    if (changed_.WaitWithDeadline(&mutex_, deadline) && version_ == version) return false;
  }
  version = version_;
  return true;
}

absl::StatusOr<std::vector<std::string>> Coordinator::LabelKeys(const std::string& sweep) {
  absl::MutexLock lock(&mutex_);
  const auto it = settings_.find(sweep);
  if (it == settings_.end()) return NoSuchSweep(sweep);
  return it->second->label_keys;
}

std::string Coordinator::WaitingReason(const std::string& trial_id) {
  absl::MutexLock lock(&mutex_);
  const TrialRecord* trial = scheduler_.FindTrial(trial_id);
  return trial == nullptr ? "" : scheduler_.WaitingReason(*trial, clock_.Now());
}

std::vector<WorkerView> Coordinator::Workers() {
  absl::MutexLock lock(&mutex_);
  return scheduler_.Workers(clock_.Now());
}

}  // namespace ofsweep
