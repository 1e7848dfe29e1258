#include "coordinator/live_trials.h"

#include <algorithm>
#include <set>

#include "coordinator/live_trial.h"

namespace ofsweep {
namespace {

// Weight of the newest interval in the moving average of the speed.
constexpr double kSpeedWeight = 0.3;

}  // namespace

void LiveTrials::Trial::ReadDictionary(const std::vector<Series>& named) {
  if (named == dictionary) return;
  dictionary = named;
  std::map<Series, std::optional<double>> all;
  for (std::size_t i = 0; i < series->size(); ++i) all.emplace((*series)[i], newest[i]);
  for (const Series& each : named) all.emplace(each, std::nullopt);
  if (all.size() > series->size()) {
    std::vector<Series> sorted;
    newest.clear();
    for (const auto& [each, value] : all) {
      sorted.push_back(each);
      newest.push_back(value);
    }
    series = std::make_shared<const std::vector<Series>>(std::move(sorted));
  }
  dictionary_places.clear();
  for (const Series& each : named) {
    const auto place = std::lower_bound(series->begin(), series->end(), each);
    dictionary_places.push_back(static_cast<std::size_t>(place - series->begin()));
  }
}

void LiveTrials::Trial::Show(const PointColumns& points, std::size_t row) {
  const PointColumns::Row& shown = points.rows[row];
  bool is_update = false;
  for (std::size_t point = points.begin(row); point < shown.end; ++point) {
    const std::size_t place = dictionary_places[points.series_of[point]];
    const double value = points.values[point];
    newest[place] = value;
    const Series& of = (*series)[place];
    if (of.metric == "train_loss") {
      is_update = true;
      train_loss = value;
    }
    if (of.metric == "kurtosis" && of.site == "block") kurtosis.Add(shown.step, value);
  }
  // An evaluation stands at the step of the update that is to come, with the seconds of the one before it.
  if (is_update) {
    if (newest_update && shown.step > newest_update->step && shown.seconds > newest_update->seconds) {
      const double speed =
          static_cast<double>(shown.step - newest_update->step) / (shown.seconds - newest_update->seconds);
      steps_per_second = steps_per_second ? *steps_per_second + kSpeedWeight * (speed - *steps_per_second) : speed;
    }
    newest_update = {shown.step, shown.seconds};
  }
  attempt_step = step = shown.step;
  // An attempt that goes on from its checkpoint trains on some tokens again: a counter does not go back for that.
  tokens = std::max(tokens, shown.tokens);
}

void LiveTrials::Trial::ForgetAttempt() {
  attempt_step.reset();
  doing.clear();
  newest_update.reset();
  train_loss.reset();
  steps_per_second.reset();
  kurtosis = {};
}

LiveTrials::LiveTrials(const LiveTrialsOptions& options) : options_(options) {}

LiveTrials::~LiveTrials() = default;

void LiveTrials::Start(const TrialInfo& info, const std::string& worker, TimeMs now) {
  absl::MutexLock lock(&mutex_);
  RemoveOld(now);
  Trial& trial = trials_[info.trial_id];
  if (!trial.info) {
    trial.number = started_++;
    // Of a trial that an earlier process has trained, what that has shown: from less it would look like a leap.
    trial.step = std::max(trial.step, info.step);
    trial.tokens = std::max(trial.tokens, info.tokens);
  }
  trial.info = info;
  trial.worker = worker;
  trial.finished_at.reset();
  trial.ForgetAttempt();
}

void LiveTrials::Join(const std::string& trial_id, const SweepArm& sweep) {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found == trials_.end() || !found->second.info) return;
  std::vector<SweepArm>& sweeps = found->second.info->sweeps;
  const auto known =
      std::find_if(sweeps.begin(), sweeps.end(), [&](const SweepArm& arm) { return arm.sweep == sweep.sweep; });
  if (known != sweeps.end()) {
    known->arm = sweep.arm;
  } else {
    sweeps.push_back(sweep);
  }
}

std::vector<std::string> LiveTrials::TrialsOf(const std::string& sweep) const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> trials;
  for (const auto& [trial_id, trial] : trials_) {
    const bool is_held = trial.info && std::any_of(trial.info->sweeps.begin(), trial.info->sweeps.end(),
                                                   [&](const SweepArm& arm) { return arm.sweep == sweep; });
    if (is_held) trials.push_back(trial_id);
  }
  return trials;
}

void LiveTrials::Unassign(const std::string& trial_id) {
  absl::MutexLock lock(&mutex_);
  if (const auto found = trials_.find(trial_id); found != trials_.end()) found->second.worker.clear();
}

void LiveTrials::Finish(const std::string& trial_id, TimeMs now) {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found == trials_.end()) return;
  found->second.worker.clear();
  found->second.finished_at = now;
  finished_.emplace_back(now, trial_id);
}

void LiveTrials::Show(const std::string& trial_id, const PointColumns& points, TimeMs now) {
  absl::MutexLock lock(&mutex_);
  Trial& trial = trials_[trial_id];
  trial.ReadDictionary(points.series);
  for (std::size_t row = 0; row < points.rows.size(); ++row) {
    if (trial.attempt_step && points.rows[row].step < *trial.attempt_step) continue;
    trial.Show(points, row);
    trial.reported_at = now;
  }
}

bool LiveTrials::HasTooMany(const std::string& trial_id, const std::vector<Series>& further, std::size_t most) const {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  const std::size_t shown = found == trials_.end() ? 0 : found->second.series->size();
  if (shown + further.size() <= most) return false;
  std::set<Series> all(further.begin(), further.end());
  if (shown > 0) all.insert(found->second.series->begin(), found->second.series->end());
  return all.size() > most;
}

bool LiveTrials::ShowDoing(const std::string& trial_id, std::string line) {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found == trials_.end() || found->second.attempt_step || found->second.doing == line) return false;
  found->second.doing = std::move(line);
  return true;
}

void LiveTrials::EndAttempt(const std::string& trial_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found != trials_.end()) found->second.ForgetAttempt();
}

LiveValues LiveTrials::Get(const std::string& trial_id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found == trials_.end()) return {};
  const Trial& trial = found->second;
  if (!trial.attempt_step) return {.doing = trial.doing};
  LiveValues values{
      .step = *trial.attempt_step, .train_loss = trial.train_loss, .steps_per_second = trial.steps_per_second};
  if (trial.kurtosis.blocks > 0) values.kurtosis_max = trial.kurtosis.max;
  return values;
}

void LiveTrials::RemoveOld(TimeMs now) {
  for (; !finished_.empty() && now - finished_.front().first >= options_.retention_ms; finished_.pop_front()) {
    const auto& [finished_at, trial_id] = finished_.front();
    const auto trial = trials_.find(trial_id);
    // It may have been started, and have finished, again.
    if (trial != trials_.end() && trial->second.finished_at == finished_at) trials_.erase(trial);
  }
}

}  // namespace ofsweep
