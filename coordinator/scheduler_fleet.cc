#include "coordinator/scheduler_fleet.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

// Attempts that a report may name whatever its slots are: an agent that shuts down offers none, and one that was away
// for long has ends to tell.
constexpr std::size_t kAnyAttempts = 10'000;

// After this a worker is asked again whether it has a trial's files by now; one that was started again, at once.
constexpr TimeMs kOtherDataMs = 60'000;

}  // namespace

WorkerIndex Fleet::Ensure(const std::string& worker_id) {
  const WorkerIndex known = Find(worker_id);
  if (known != kNoWorker && !workers_[known].is_forgotten) return known;
  if (remembered_ >= limits_.workers) {
    if (const WorkerIndex silent = LongestSilent(); silent != kNoWorker) Forget(silent);
  }
  ++remembered_;
  if (known != kNoWorker) {
    workers_[known].is_forgotten = false;
    return known;
  }
  if (free_places_.empty()) {
    free_places_.push_back(static_cast<WorkerIndex>(workers_.size()));
    workers_.emplace_back();
  }
  const WorkerIndex place = free_places_.back();
  free_places_.pop_back();
  workers_[place].id = worker_id;
  by_id_.emplace(worker_id, place);
  return place;
}

WorkerIndex Fleet::LongestSilent() const {
  WorkerIndex longest = kNoWorker;
  for (WorkerIndex worker = 0; worker < workers_.size(); ++worker) {
    if (!workers_[worker].may_be_forgotten()) continue;
    if (longest == kNoWorker || workers_[worker].last_seen < workers_[longest].last_seen) longest = worker;
  }
  return longest;
}

void Fleet::Forget(WorkerIndex worker) {
  WorkerRecord& record = workers_[worker];
  --remembered_;
  WorkerRecord left;
  if (record.has_held) {
    left.id = std::move(record.id);
    left.has_held = left.is_forgotten = true;
  } else {
    by_id_.erase(record.id);
    free_places_.push_back(worker);
  }
  record = std::move(left);
}

void Fleet::ForgetSilent(TimeMs now) {
  for (WorkerIndex worker = 0; worker < workers_.size(); ++worker) {
    const WorkerRecord& record = workers_[worker];
    if (record.may_be_forgotten() && record.last_seen < now - limits_.forget_ms) Forget(worker);
  }
}

WorkerIndex Fleet::Find(const std::string& worker_id) const {
  const auto it = by_id_.find(worker_id);
  return it == by_id_.end() ? kNoWorker : it->second;
}

absl::Status Fleet::Admit(const WorkerReport& report, TimeMs now) const {
  const WorkerIndex worker = Find(report.worker_id);
  const std::size_t held = worker == kNoWorker ? 0 : workers_[worker].held.size();
  const std::size_t limit = kAnyAttempts + 4 * std::max(held, static_cast<std::size_t>(std::max(0, report.slots)));
  const std::size_t reported = report.attempts.size() + report.unproven.size();
  if (reported > limit) {
    return absl::InvalidArgumentError(
        absl::StrCat("worker ", report.worker_id, " reports ", reported, " attempts with ", report.slots, " slots and ",
                     held, " leases; at most ", limit, " are read. No agent comes to hold so many"));
  }
  if (worker == kNoWorker || workers_[worker].is_forgotten) {
    if (remembered_ < limits_.workers || LongestSilent() != kNoWorker) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat(remembered_, " workers are connected or hold trials, as many as one coordinator takes: try again ",
                     "when some have ended, or offer more slots on fewer workers"));
  }
  const WorkerRecord& known = workers_[worker];
  // One that was stopped and holds nothing has left its folder to whoever goes on with it, on another host, say.
  const bool has_left = known.slots <= 0 && known.held.empty();
  if (!known.connected || has_left || known.folder == report.folder) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(
      "worker ", report.worker_id, " is served by the data folder ", known.folder, ", heard of ",
      (now - known.last_seen) / 1000, " s ago, and this call is of ", report.folder,
      ": one of them is a copy; stop the worker of one, and give it an empty --data-dir. Where the folder ",
      "was moved here after its worker was killed, this one is taken once the other was silent for a lease"));
}

void Fleet::Seen(WorkerIndex worker, const WorkerReport& report, TimeMs now) {
  WorkerRecord& record = workers_[worker];
  if (!record.connected) ++connected_;
  const bool has_come_back = !record.connected || (record.slots <= 0 && report.slots > 0);
  if (has_come_back) record.connected_since = now;
  record.connected = true;
  record.last_seen = now;
  record.host = report.host;
  record.version = report.version;
  record.scrape_target = report.scrape_target;
  record.folder = report.folder;
  record.slots = std::max(0, report.slots);
  record.devices = report.devices;
  record.has_cuda = std::any_of(report.devices.begin(), report.devices.end(),
                                [](const Device& device) { return device.kind == "cuda"; });
  record.unsent_points = report.unsent_points;
  record.stops_at.reset();
  if (report.seconds_left) record.stops_at = now + static_cast<TimeMs>(std::llround(1000 * *report.seconds_left));
}

std::vector<WorkerIndex> Fleet::Disconnect(TimeMs before) {
  std::vector<WorkerIndex> holders;
  for (WorkerIndex worker = 0; worker < workers_.size(); ++worker) {
    WorkerRecord& record = workers_[worker];
    if (record.last_seen >= before) continue;
    if (record.connected) --connected_;
    record.connected = false;
    if (!record.held.empty()) holders.push_back(worker);
  }
  return holders;
}

bool Fleet::NoteCrash(WorkerIndex worker, TrialIndex trial, TimeMs now) {
  WorkerRecord& record = workers_[worker];
  std::vector<TrialIndex>& crashed = record.crashed_in_a_row;
  if (std::find(crashed.begin(), crashed.end(), trial) == crashed.end()) crashed.push_back(trial);
  if (crashed.size() < options_.after_crashes || record.quarantined_until > now) return false;
  record.quarantined_until = now + std::min(options_.longest_ms, options_.first_ms << std::min(record.quarantines, 20));
  ++record.quarantines;
  record.quarantine_reason = absl::StrCat(crashed.size(), " trials in a row crashed on it");
  return true;
}

void Fleet::Forgive(TrialIndex trial) {
  for (WorkerRecord& record : workers_) {
    if (std::erase(record.crashed_in_a_row, trial) == 0) continue;
    if (record.crashed_in_a_row.size() < options_.after_crashes) record.quarantined_until = 0;
  }
}

bool Fleet::InQuarantine(WorkerIndex worker, TimeMs now) const {
  return workers_[worker].quarantined_until > now && AnotherIsUsable(worker, false, now);
}

void Fleet::NoteSuccess(WorkerIndex worker) {
  workers_[worker].crashed_in_a_row.clear();
  workers_[worker].quarantines = 0;
  workers_[worker].quarantined_until = 0;
}

bool Fleet::AnotherIsUsable(WorkerIndex worker, bool needs_cuda, TimeMs now) const {
  for (WorkerIndex index = 0; index < workers_.size(); ++index) {
    const WorkerRecord& other = workers_[index];
    const bool is_usable = other.connected && other.slots > 0 && other.HasTimeFor(kShortestAttemptMs, now) &&
                           (!needs_cuda || other.has_cuda);
    if (index != worker && is_usable && other.quarantined_until <= now) return true;
  }
  return false;
}

Obstacle Fleet::ObstacleOn(WorkerIndex worker, TimeMs now) const {
  const WorkerRecord& record = workers_[worker];
  if (!record.connected) return Obstacle::kNotConnected;
  if (record.slots <= 0) return Obstacle::kOffersNoSlot;
  if (!record.HasTimeFor(kShortestAttemptMs, now)) return Obstacle::kEndsTooSoon;
  if (InQuarantine(worker, now)) return Obstacle::kQuarantine;
  return record.busy() + record.leaving < record.slots ? Obstacle::kNone : Obstacle::kBusy;
}

Obstacle Fleet::ObstacleBetween(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const {
  if (trial.needs_cuda && !workers_[worker].has_cuda) return Obstacle::kNoCuda;
  if (!workers_[worker].HasTimeFor(trial.pace.NeededMs(trial.target_steps), now)) return Obstacle::kEndsTooSoon;
  for (const auto& [other, since] : trial.other_data_on) {
    const bool may_have_changed = now - since > kOtherDataMs || workers_[other].connected_since > since;
    if (other == worker && !may_have_changed) return Obstacle::kOtherDataThere;
  }
  const bool avoids = trial.avoid_until > now && trial.worker == worker;
  return avoids && AnotherIsUsable(worker, trial.needs_cuda, now) ? Obstacle::kCrashedThere : Obstacle::kNone;
}

Obstacle Fleet::ObstacleTo(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const {
  return std::max(ObstacleOn(worker, now), ObstacleBetween(trial, worker, now));
}

std::vector<WorkerView> Fleet::Views(TimeMs now) const {
  std::vector<WorkerView> views;
  for (WorkerIndex index = 0; index < workers_.size(); ++index) {
    const WorkerRecord& worker = workers_[index];
    if (worker.id.empty() || worker.is_forgotten) continue;
    views.push_back({.worker_id = worker.id,
                     .host = worker.host,
                     .version = worker.version,
                     .scrape_target = worker.scrape_target,
                     .slots = worker.slots,
                     .busy = worker.busy(),
                     .devices = worker.devices,
                     .unsent_points = worker.unsent_points,
                     .last_seen = worker.last_seen,
                     .connected = worker.connected,
                     .quarantine_reason = InQuarantine(index, now) ? worker.quarantine_reason : "",
                     .trial_ids = {},
                     .stops_at = worker.stops_at});
  }
  return views;
}

}  // namespace ofsweep
