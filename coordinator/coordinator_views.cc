// What people see of the coordinator.
#include <algorithm>
#include <array>

#include "coordinator/coordinator.h"
#include "coordinator/scheduler_reasons.h"

namespace ofsweep {
namespace {

SweepSummary SummaryOf(const SweepRecord& sweep, SweepState state, const std::array<std::uint64_t, 7>& counts) {
  SweepSummary summary{.name = sweep.name, .state = state, .submitted_at = sweep.submitted_at};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) summary.counts[static_cast<TrialState>(i)] = counts[i];
  }
  return summary;
}

}  // namespace

SweepSummary Coordinator::Summarize(const SweepRecord& sweep, TimeMs now) const {
  SweepSummary summary = SummaryOf(sweep, sweep.state, sweep.counts);
  summary.waiting_reason = WhyWaits(scheduler_.state(), sweep, now);
  return summary;
}

SweepSummary Coordinator::SummarizePublished(SweepIndex sweep, TimeMs now) const {
  const PublishedSweep& published = published_.sweeps()[sweep];
  const SweepRecord& record = scheduler_.books().sweeps()[sweep];
  SweepSummary summary = SummaryOf(record, published.state, published.counts);
  // What the scheduler waits for now; of no use where users are not told yet that something waits.
  if (summary.counts.contains(TrialState::kPending)) summary.waiting_reason = WhyWaits(scheduler_.state(), record, now);
  return summary;
}

absl::StatusOr<SweepIndex> Coordinator::FindPublished(const std::string& sweep) const {
  const auto index = scheduler_.books().FindSweepIndex(sweep);
  if (index.ok() && *index >= published_.sweeps().size()) return NoSuchSweep(sweep);
  return index;
}

absl::StatusOr<SweepSummary> Coordinator::Summary(const std::string& sweep) {
  absl::MutexLock lock(&mutex_);
  const auto index = FindPublished(sweep);
  if (!index.ok()) return index.status();
  return SummarizePublished(*index, clock_.Now());
}

std::vector<SweepSummary> Coordinator::Summaries() {
  absl::MutexLock lock(&mutex_);
  const TimeMs now = clock_.Now();
  std::vector<SweepSummary> summaries;
  for (SweepIndex sweep = 0; sweep < published_.sweeps().size(); ++sweep) {
    summaries.push_back(SummarizePublished(sweep, now));
  }
  return summaries;
}

absl::StatusOr<SweepProgress> Coordinator::Progress(const std::string& sweep, std::uint64_t finished_cursor,
                                                    std::size_t most_finished) {
  SweepProgress progress;
  {
    absl::MutexLock lock(&mutex_);
    const auto index = FindPublished(sweep);
    if (!index.ok()) return index.status();
    const SweepRecord& record = scheduler_.books().sweeps()[*index];
    progress.sweep = SummarizePublished(*index, clock_.Now());
    progress.steps_done = record.steps_done;
    progress.steps_total = record.steps_done + record.steps_to_do;
    const std::vector<std::uint32_t>& log = published_.sweeps()[*index].finished_log;
    std::uint64_t& cursor = progress.finished_cursor;
    for (cursor = finished_cursor; cursor < log.size() && progress.finished.size() < most_finished; ++cursor) {
      progress.finished.push_back({scheduler_.books().trial(record.trials[log[cursor]]).id, log[cursor]});
    }
    progress.all_finished_told = cursor >= log.size();
    AddRunning(*index, progress);
  }
  if (absl::Status status = AddLabels(sweep, progress.running); !status.ok()) return status;
  return progress;
}

void Coordinator::AddRunning(SweepIndex sweep, SweepProgress& progress) const {
  std::vector<std::pair<std::uint32_t, RunningTrial>> running;
  double speed = 0;
  for (const auto& [index, worker] : published_.running()) {
    const TrialRecord& trial = scheduler_.books().trial(index);
    const auto place =
        std::find_if(trial.places.begin(), trial.places.end(), [&](Place held) { return held.sweep == sweep; });
    if (place == trial.places.end()) continue;
    RunningTrial entry{.trial_id = trial.id, .worker = worker, .target_steps = trial.target_steps};
    entry.live = live_.Get(trial.id);
    entry.live.step = std::max(entry.live.step, trial.step);
    speed += entry.live.steps_per_second.value_or(0);
    running.emplace_back(place->position, std::move(entry));
  }
  std::sort(running.begin(), running.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [position, entry] : running) progress.running.push_back(std::move(entry));
  if (progress.sweep.state == SweepState::kActive && speed > 0) {
    progress.eta_seconds = static_cast<double>(scheduler_.books().sweeps()[sweep].steps_to_do) / speed;
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
    const TrialRecord* record = scheduler_.books().FindTrial(trial.trial_id);
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
  const TrialRecord* trial = scheduler_.books().FindTrial(trial_id);
  return trial == nullptr ? "" : WhyWaits(scheduler_.state(), *trial, clock_.Now());
}

std::vector<WorkerView> Coordinator::Workers() {
  absl::MutexLock lock(&mutex_);
  return scheduler_.fleet().Views(clock_.Now());
}

std::string Coordinator::Inconsistency() {
  absl::MutexLock lock(&mutex_);
  return scheduler_.Inconsistency();
}

}  // namespace ofsweep
