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

// The first of its kind stands for the others: a host has one model of GPU.
std::string ModelOf(std::string_view device, const std::vector<Device>& devices) {
  for (const Device& known : devices) {
    if (device.starts_with(known.kind)) return known.model;
  }
  return "";
}

std::size_t BytesOf(const std::vector<AttemptPoints>& attempts) {
  std::size_t bytes = 0;
  for (const AttemptPoints& attempt : attempts) bytes += attempt.columns->bytes();
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
  if (const bool is_other = !report.version.empty() && !options_.version.empty() && report.version != options_.version;
      is_other) {
    return SynchronizeAnswer{.next_call_seconds = kForeignWorkerCallSeconds,
                             .reason = absl::StrCat("this worker is ofsweep ", report.version, ", and the coordinator ",
                                                    options_.version, ": install one version on both"),
                             .database = identity_};
  }
  auto beginnings = ReadBeginnings(report);
  if (!beginnings.ok()) return beginnings.status();
  Scheduler::Synchronized synchronized;
  Ticket ticket;
  TimeMs now = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    now = clock_.Now();
    if (absl::Status status = scheduler_.fleet().Admit(report, now); !status.ok()) return status;
    const bool is_in_step = report.database.incarnation == identity_.incarnation;
    ticket = MakeTicket();
    WorkerReport taken = is_in_step ? report : WithoutEnds(report);
    std::vector<FixedInput> fixed = FixInputs(taken, *beginnings);
    synchronized = scheduler_.Synchronize(taken, now);
    synchronized.decision.change.fixed_inputs = std::move(fixed);
    for (Beginning& beginning : *beginnings) {
      RecordBeginning(report.worker_id, std::move(beginning), synchronized.decision.change);
    }
    synchronized.answer.database = identity_;
    // A resent report is answered by what its first copy decided, which may still be on its way to the disk.
    ticket.repeats_earlier = !synchronized.answer.start.empty() || !synchronized.answer.forget.empty();
    Enqueue(std::move(synchronized.decision), ticket);
    NoteChange();
  }
  if (absl::Status status = Commit(std::move(ticket)); !status.ok()) return status;
  if (absl::Status status = FillConfigurations(synchronized.answer.start); !status.ok()) return status;
  return std::move(synchronized.answer);
}

absl::Status Coordinator::FillConfigurations(std::vector<AttemptStart>& starts) {
  for (AttemptStart& start : starts) {
    const std::string& trial_id = start.name.trial_id;
    const auto row = store_.FindTrial(trial_id);
    if (!row.ok()) return row.status();
    if (!*row) return absl::InternalError(absl::StrCat("trial ", trial_id, " is not stored"));
    auto config_json = TrialJson((*row)->config_json);
    if (!config_json.ok()) return config_json.status();
    start.config_json = *std::move(config_json);
    Fingerprints fixed;
    {
      absl::MutexLock lock(&mutex_);
      fixed = FixedInputsOf(*scheduler_.books().FindTrial(trial_id));
    }
    if (fixed.empty()) continue;
    std::vector<Problem> ignored;
    for (const auto& [key, input] : OpenInputsOf(ParseTrialJson(start.config_json, "", ignored))) {
      if (const auto found = fixed.find(input); found != fixed.end()) start.fingerprints.emplace(key, found->second);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Coordinator::Beginning>> Coordinator::ReadBeginnings(const WorkerReport& report) {
  std::vector<Beginning> beginnings;
  for (const AttemptReport& attempt : report.attempts) {
    if (!attempt.begun || attempt.begun->config_json.empty()) continue;
    {
      absl::MutexLock lock(&mutex_);
      const auto known = resolved_.find(attempt.name.trial_id);
      const bool is_known = known != resolved_.end() && known->second == attempt.name.generation;
      const bool counts = scheduler_.MayWrite(report.worker_id, attempt.name) || scheduler_.MayAdopt(attempt.name);
      if (is_known || !counts) continue;
    }
    const auto row = store_.FindTrial(attempt.name.trial_id);
    if (!row.ok()) return row.status();
    if (!*row) return absl::InternalError(absl::StrCat("trial ", attempt.name.trial_id, " is not stored"));
    const auto resolved = ResolvedKeys((*row)->config_json, attempt.begun->config_json);
    if (!resolved.ok()) {
      // The trainer checks for itself that it trains this trial.
      spdlog::warn("worker {}: config_json of {}: {}", report.worker_id, ToText(attempt.name),
                   std::string(resolved.status().message()));
      absl::MutexLock lock(&mutex_);
      resolved_[attempt.name.trial_id] = attempt.name.generation;  // said once
      continue;
    }
    std::vector<Problem> ignored;  // ResolvedKeys has met them
    const TrialConfig submitted = ParseTrialJson((*row)->config_json, "", ignored);
    const TrialConfig trained = ParseTrialJson(attempt.begun->config_json, "", ignored);
    Beginning beginning{.name = attempt.name,
                        .origin = {.resolved_json = resolved->dump(),
                                   .data_fingerprint = DataFingerprint(trained),
                                   .host = report.host,
                                   .device = ModelOf(ToText(trained.Get("train.device")), report.devices),
                                   .revision = attempt.begun->revision,
                                   .left_out = attempt.begun->left_out}};
    for (const auto& [key, input] : OpenInputsOf(submitted)) {
      if (!trained.IsAuto(key)) beginning.open_inputs[input] = trained.Text(key);
    }
    beginnings.push_back(std::move(beginning));
  }
  return beginnings;
}

std::vector<FixedInput> Coordinator::FixInputs(WorkerReport& report, std::vector<Beginning>& beginnings) {
  std::vector<FixedInput> fixed;
  std::erase_if(beginnings, [&](const Beginning& beginning) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string why = WhyOtherData(beginning);
    if (!why.empty()) {
      const auto given_back = std::find_if(report.attempts.begin(), report.attempts.end(),
                                           [&](const AttemptReport& a) { return a.name == beginning.name; });
      given_back->end = {.outcome = AttemptOutcome::kFailed,
                         .failure = FailureClass::kOtherData,
                         .message = why,
                         .step = given_back->step};
      return true;
    }
    for (const std::string& sweep :
         scheduler_.books().SweepNames(*scheduler_.books().FindTrial(beginning.name.trial_id))) {
      for (const auto& [input, found] : beginning.open_inputs) {
        if (fixed_inputs_[sweep].emplace(input, found).second) fixed.push_back({sweep, input, found});
      }
    }
    return false;
  });
  return fixed;
}

std::string Coordinator::WhyOtherData(const Beginning& beginning) const {
  for (const std::string& sweep :
       scheduler_.books().SweepNames(*scheduler_.books().FindTrial(beginning.name.trial_id))) {
    const auto fixed = fixed_inputs_.find(sweep);
    if (fixed == fixed_inputs_.end()) continue;
    for (const auto& [input, found] : beginning.open_inputs) {
      const auto known = fixed->second.find(input);
      if (known == fixed->second.end() || known->second == found) continue;
      return absl::StrCat(ToText(input), " there has the fingerprint ", found, ", and sweep ", sweep, " is of ",
                          known->second);
    }
  }
  return "";
}

void Coordinator::RecordBeginning(const std::string& worker_id, Beginning beginning, StateChange& change) {
  const AttemptName& name = beginning.name;
  if (!scheduler_.IsNewest(worker_id, name)) return;
  resolved_[name.trial_id] = name.generation;
  scheduler_.RecordData(name.trial_id, beginning.origin.data_fingerprint);
  change.origins.emplace_back(name, std::move(beginning.origin));
}

Fingerprints Coordinator::FixedInputsOf(const TrialRecord& trial) const {
  Fingerprints fixed;
  for (const std::string& sweep : scheduler_.books().SweepNames(trial)) {
    if (const auto inputs = fixed_inputs_.find(sweep); inputs != fixed_inputs_.end()) {
      fixed.insert(inputs->second.begin(), inputs->second.end());
    }
  }
  return fixed;
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
      const auto& [name, from_step, columns] = attempts[i];
      outcomes[i].unknown = !scheduler_.Knows(name);
      outcomes[i].fenced =
          !outcomes[i].unknown && !(scheduler_.MayWrite(worker_id, name) && scheduler_.Begin(name, from_step));
      ticket.repeats_earlier |= outcomes[i].fenced;
      // Under the mutex, so that no newer attempt's points come before these.
      if (outcomes[i].taken()) writes[i] = store_.AppendPoints(name, from_step, columns);
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
      const auto& [name, from_step, columns] = attempts[i];
      if (columns->rows.empty() || !scheduler_.MayWrite(worker_id, name)) continue;
      live_.Show(name.trial_id, *columns, clock_.Now());
      scheduler_.RecordStored(name.trial_id, columns->rows.back().step);
    }
    NoteChange();
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    outcomes[i].stored = counts[i].stored;
    outcomes[i].duplicates = counts[i].duplicates;
    if (observer_ == nullptr) continue;
    if (outcomes[i].taken()) {
      observer_->PointsStored(counts[i]);
    } else {
      observer_->PointsRejected(attempts[i].columns->points());
    }
  }
  return outcomes;
}

}  // namespace ofsweep
