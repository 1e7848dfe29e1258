// What workers call.
#include <algorithm>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator.h"
#include "experiment/resolved_keys.h"

namespace ofsweep {
namespace {

constexpr double kForeignWorkerCallSeconds = 10;

// What an earlier incarnation acknowledged may be gone, so that the points before an end may have to be sent again.
WorkerReport WithoutEnds(WorkerReport report) {
  for (AttemptReport& attempt : report.attempts) attempt.end.reset();
  return report;
}

std::uint64_t CountPoints(const AttemptPoints& attempt) {
  std::uint64_t points = 0;
  for (const StepPoints& step : attempt.steps) points += step.points.size();
  return points;
}

std::size_t BytesOf(const std::vector<AttemptPoints>& attempts) {
  std::size_t bytes = 0;
  for (const AttemptPoints& attempt : attempts) {
    bytes += attempt.steps.size() * sizeof(StepPoints) + CountPoints(attempt) * sizeof(MetricPoint);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<SynchronizeAnswer> Coordinator::Synchronize(const WorkerReport& report) {
  if (report.worker_id.empty()) return absl::InvalidArgumentError("worker_id is empty: a worker must name itself");
  if (!report.database.id.empty() && report.database.id != identity_.id) {
    return SynchronizeAnswer{.next_call_seconds = kForeignWorkerCallSeconds,
                             .reason = absl::StrCat("its folder belongs to database ", report.database.id,
                                                    ", and this coordinator has database ", identity_.id),
                             .database = identity_};
  }
  Scheduler::Synchronized synchronized;
  Ticket ticket;
  TimeMs now = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    now = clock_.Now();
    if (absl::Status status = scheduler_.fleet().Admit(report, now); !status.ok()) return status;
    const bool is_in_step = report.database.incarnation == identity_.incarnation;
    synchronized = scheduler_.Synchronize(is_in_step ? report : WithoutEnds(report), now);
    synchronized.answer.database = identity_;
    ticket = MakeTicket();
    // A resent report is answered by what its first copy decided, which may still be on its way to the disk.
    ticket.repeats_earlier = !synchronized.answer.start.empty() || !synchronized.answer.forget.empty();
    Enqueue(std::move(synchronized.decision), ticket);
    NoteChange();
  }
  if (absl::Status status = Commit(std::move(ticket)); !status.ok()) return status;
  if (absl::Status status = StoreResolvedKeys(report); !status.ok()) return status;
  if (absl::Status status = FillConfigurations(synchronized.answer.start); !status.ok()) return status;
  if (observer_ != nullptr) observer_->WorkerSeen(report.worker_id, now);
  return std::move(synchronized.answer);
}

absl::StatusOr<nlohmann::ordered_json> Coordinator::ReadTrial(const std::string& trial_id, const std::string& sweep) {
  std::shared_ptr<const SweepSettings> settings;
  {
    absl::MutexLock lock(&mutex_);
    settings = settings_[sweep];
  }
  const auto row = store_.FindTrial(trial_id);
  if (!row.ok()) return row.status();
  if (!*row || settings == nullptr) return absl::InternalError(absl::StrCat("trial ", trial_id, " is not stored"));
  return ReadStoredTrial((*row)->config_json, *settings);
}

absl::Status Coordinator::FillConfigurations(std::vector<AttemptStart>& starts) {
  for (AttemptStart& start : starts) {
    const std::string& trial_id = start.name.trial_id;
    std::string sweep;
    {
      absl::MutexLock lock(&mutex_);
      if (const TrialRecord* trial = scheduler_.FindTrial(trial_id)) sweep = scheduler_.SweepNames(*trial).front();
    }
    const auto flat = ReadTrial(trial_id, sweep);
    if (!flat.ok()) return flat.status();
    start.config_json = TrialJson(*flat);
  }
  return absl::OkStatus();
}

absl::Status Coordinator::StoreResolvedKeys(const WorkerReport& report) {
  for (const AttemptReport& attempt : report.attempts) {
    if (!attempt.begun || attempt.begun->config_json.empty()) continue;
    const auto& [trial_id, generation] = attempt.name;
    {
      absl::MutexLock lock(&mutex_);
      if (!scheduler_.MayWrite(report.worker_id, attempt.name) || resolved_[trial_id] == generation) continue;
    }
    const auto row = store_.FindTrial(trial_id);
    if (!row.ok()) return row.status();
    if (!*row) return absl::InternalError(absl::StrCat("trial ", trial_id, " is not stored"));
    const auto resolved = ResolvedKeys((*row)->config_json, attempt.begun->config_json);
    if (resolved.ok()) {
      if (absl::Status status = store_.SetResolvedKeys(attempt.name, resolved->dump()).get(); !status.ok())
        return status;
    } else {
      // The trainer checks for itself that it trains this trial.
      spdlog::warn("worker {}: config_json of {}: {}", report.worker_id, ToText(attempt.name),
                   std::string(resolved.status().message()));
    }
    absl::MutexLock lock(&mutex_);
    resolved_[trial_id] = generation;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PushOutcome>> Coordinator::Push(const std::string& worker_id,
                                                           const DatabaseIdentity& database,
                                                           std::vector<AttemptPoints> attempts) {
  if (database != identity_) {
    return absl::AbortedError("the worker has not synchronized with this database since the coordinator was started");
  }
  std::vector<PushOutcome> outcomes(attempts.size());
  std::vector<std::future<absl::StatusOr<PushCounts>>> writes(attempts.size());
  const PushRoom::Share room(push_room_, BytesOf(attempts));
  Ticket ticket;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    ticket = MakeTicket();
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const auto& [name, from_step, steps] = attempts[i];
      outcomes[i].unknown = !scheduler_.Knows(name);
      outcomes[i].fenced =
          !outcomes[i].unknown && !(scheduler_.MayWrite(worker_id, name) && scheduler_.Begin(name, from_step));
      ticket.repeats_earlier |= outcomes[i].fenced;
      // Under the mutex, so that no newer attempt's points come before these.
      if (outcomes[i].taken()) writes[i] = store_.AppendPoints(name, from_step, steps);
    }
  }
  absl::Status status = Commit(std::move(ticket));
  std::vector<PushCounts> counts(attempts.size());
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (!outcomes[i].taken()) continue;
    auto stored = writes[i].get();
    status.Update(stored.status());
    if (stored.ok()) counts[i] = *stored;
  }
  if (!status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const auto& [name, from_step, steps] = attempts[i];
      if (steps.empty() || !scheduler_.MayWrite(worker_id, name)) continue;
      live_.Update(name.trial_id, steps);
      scheduler_.RecordStored(name.trial_id, steps.back().step);
    }
    NoteChange();
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    outcomes[i].stored = counts[i].stored;
    outcomes[i].duplicates = counts[i].duplicates;
    if (observer_ == nullptr) continue;
    if (outcomes[i].taken()) {
      observer_->PointsStored(attempts[i], counts[i]);
    } else {
      observer_->PointsRejected(attempts[i].name, CountPoints(attempts[i]));
    }
  }
  return outcomes;
}

}  // namespace ofsweep
