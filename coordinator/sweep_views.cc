#include "coordinator/sweep_views.h"

#include <algorithm>
#include <array>
#include <utility>

#include "coordinator/scheduler_reasons.h"
#include "storage/not_found.h"

namespace ofsweep {
namespace {

SweepSummary SummaryOf(const SweepRecord& sweep, SweepState state, const std::array<std::uint64_t, 7>& counts) {
  SweepSummary summary{.name = sweep.name, .state = state, .submitted_at = sweep.submitted_at};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) summary.counts[static_cast<TrialState>(i)] = counts[i];
  }
  return summary;
}

// Null where the sweep does not hold the trial.
const Place* PlaceIn(SweepIndex sweep, const TrialRecord& trial) {
  const auto place =
      std::find_if(trial.places.begin(), trial.places.end(), [&](Place held) { return held.sweep == sweep; });
  return place == trial.places.end() ? nullptr : &*place;
}

}  // namespace

SweepSummary SummarizeDecided(const Scheduler& scheduler, const SweepRecord& sweep, TimeMs now) {
  SweepSummary summary = SummaryOf(sweep, sweep.state, sweep.counts);
  summary.waiting_reason = WhyWaits(scheduler.state(), sweep, now);
  return summary;
}

SweepSummary SweepViews::Summarize(SweepIndex sweep, TimeMs now) const {
  const PublishedSweep& published = state_.published.sweeps()[sweep];
  const SweepRecord& record = state_.scheduler.books().sweeps()[sweep];
  SweepSummary summary = SummaryOf(record, published.state, published.counts);
  // What the scheduler waits for now; of no use where users are not told yet that something waits.
  if (summary.counts.contains(TrialState::kPending)) {
    summary.waiting_reason = WhyWaits(state_.scheduler.state(), record, now);
  }
  return summary;
}

absl::StatusOr<SweepIndex> SweepViews::Find(const std::string& sweep) const {
  const auto index = state_.scheduler.books().FindSweepIndex(sweep);
  if (index.ok() && *index >= state_.published.sweeps().size()) return NoSuchSweep(sweep);
  return index;
}

absl::StatusOr<SweepSummary> SweepViews::Summary(const std::string& sweep) const {
  absl::MutexLock lock(&state_.log.mutex());
  const auto index = Find(sweep);
  if (!index.ok()) return index.status();
  SweepSummary summary = Summarize(*index, clock_.Now());
  summary.steps = StepsOf(*index);
  return summary;
}

std::vector<SweepSummary> SweepViews::Summaries() const {
  absl::MutexLock lock(&state_.log.mutex());
  const TimeMs now = clock_.Now();
  std::vector<SweepSummary> summaries;
  for (SweepIndex sweep = 0; sweep < state_.published.sweeps().size(); ++sweep) {
    summaries.push_back(Summarize(sweep, now));
  }
  return summaries;
}

absl::StatusOr<SweepProgress> SweepViews::Progress(const std::string& sweep,
                                                   std::optional<std::uint64_t> finished_cursor,
                                                   std::size_t most_finished) {
  SweepProgress progress;
  {
    absl::MutexLock lock(&state_.log.mutex());
    const auto index = Find(sweep);
    if (!index.ok()) return index.status();
    const Books& books = state_.scheduler.books();
    progress.sweep = Summarize(*index, clock_.Now());
    progress.sweep.steps = StepsOf(*index);
    const PublishedSweep& published = state_.published.sweeps()[*index];
    const std::vector<std::uint32_t>& log = published.finished_log;
    const bool is_known = finished_cursor && *finished_cursor >= published.first_end;
    std::size_t next =
        is_known ? *finished_cursor - published.first_end : log.size() - std::min(log.size(), most_finished);
    for (; next < log.size() && progress.finished.size() < most_finished; ++next) {
      progress.finished.push_back({books.TrialAt({*index, log[next]}).id, log[next]});
    }
    progress.finished_cursor = published.first_end + next;
    progress.all_finished_told = next >= log.size();
    AddRunning(*index, progress);
  }
  if (absl::Status status = AddLabels(sweep, progress.running); !status.ok()) return status;
  return progress;
}

StepProgress SweepViews::StepsOf(SweepIndex sweep) const {
  const Books& books = state_.scheduler.books();
  const SweepRecord& record = books.sweeps()[sweep];
  const PublishedSweep& published = state_.published.sweeps()[sweep];
  StepProgress steps{.done = record.steps_done, .total = record.steps_done + record.steps_to_do};
  const bool is_moving =
      published.state == SweepState::kActive && published.counts[static_cast<std::size_t>(TrialState::kRunning)] > 0;
  if (!is_moving) return steps;
  // A trial that has just begun is taken to be as fast as the others are on average.
  double speed = 0;
  int running = 0, with_speed = 0;
  for (const auto& [index, worker] : state_.published.running()) {
    const TrialRecord& trial = books.trial(index);
    if (PlaceIn(sweep, trial) == nullptr) continue;
    ++running;
    const std::optional<double> own = live_.Get(trial.id).steps_per_second;
    if (!own) continue;
    ++with_speed;
    speed += *own;
  }
  if (speed > 0) steps.eta_seconds = static_cast<double>(record.steps_to_do) / (speed * running / with_speed);
  return steps;
}

void SweepViews::AddRunning(SweepIndex sweep, SweepProgress& progress) const {
  const Books& books = state_.scheduler.books();
  for (const auto& [index, worker] : state_.published.running()) {
    const TrialRecord& trial = books.trial(index);
    const Place* place = PlaceIn(sweep, trial);
    if (place == nullptr) continue;
    RunningTrial& entry = progress.running.emplace_back();
    entry.trial_id = trial.id;
    entry.position = place->position;
    entry.worker = worker;
    entry.target_steps = trial.target_steps;
    entry.live = live_.Get(trial.id);
    entry.live.step = std::max(entry.live.step, trial.step);
  }
  std::sort(progress.running.begin(), progress.running.end(),
            [](const RunningTrial& a, const RunningTrial& b) { return a.position < b.position; });
}

absl::Status SweepViews::AddLabels(const std::string& sweep, std::vector<RunningTrial>& running) {
  const auto settings = Settings(sweep);
  if (!settings.ok()) return settings.status();
  if ((*settings)->varied.empty()) return absl::OkStatus();
  {
    absl::MutexLock lock(&labels_mutex_);
    const KnownLabels& known = labels_[sweep];
    for (RunningTrial& trial : running) {
      if (known.settings != *settings) break;  // an update has given it others
      if (const auto label = known.labels.find(trial.trial_id); label != known.labels.end())
        trial.label = label->second;
    }
  }
  LabelsByTrial labels;
  for (RunningTrial& trial : running) {
    if (trial.label.empty()) {
      const auto row = store_.ListResults(sweep, {}, 1, trial.position);
      if (!row.ok()) return row.status();
      if (!row->empty()) trial.label = TrialLabel(**settings, row->front());
    }
    labels[trial.trial_id] = trial.label;
  }
  absl::MutexLock lock(&labels_mutex_);
  labels_[sweep] = {*settings, std::move(labels)};
  return absl::OkStatus();
}

bool SweepViews::WaitForChange(std::uint64_t& version, absl::Time deadline) {
  absl::MutexLock lock(&state_.log.mutex());
  while (state_.version == version) {
    if (state_.changed.WaitWithDeadline(&state_.log.mutex(), deadline) && state_.version == version) return false;
  }
  version = state_.version;
  return true;
}

absl::StatusOr<std::shared_ptr<const SweepSettings>> SweepViews::Settings(const std::string& sweep) const {
  absl::MutexLock lock(&state_.log.mutex());
  const auto it = state_.settings.find(sweep);
  if (it == state_.settings.end()) return NoSuchSweep(sweep);
  return it->second;
}

std::string SweepViews::WaitingReason(const std::string& trial_id) const {
  absl::MutexLock lock(&state_.log.mutex());
  const TrialRecord* trial = state_.scheduler.books().FindTrial(trial_id);
  return trial == nullptr ? "" : WhyWaits(state_.scheduler.state(), *trial, clock_.Now());
}

std::vector<WorkerView> SweepViews::Workers() const {
  absl::MutexLock lock(&state_.log.mutex());
  const Fleet& fleet = state_.scheduler.fleet();
  std::vector<WorkerView> views = fleet.Views(clock_.Now());
  for (WorkerView& view : views) {
    view.leases_expire_at = view.last_seen + state_.scheduler.state().options.lease_ms;
    for (const TrialIndex trial : fleet.at(fleet.Find(view.worker_id)).held) {
      view.trial_ids.push_back(state_.scheduler.books().trial(trial).id);
    }
  }
  return views;
}

}  // namespace ofsweep
