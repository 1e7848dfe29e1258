// What workers report, and what they are told.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler.h"

namespace ofsweep {
namespace {

constexpr TimeMs kShortestCallMs = 1000;
constexpr TimeMs kLongestRetryDelayMs = 10 * 60'000;
// After this a worker is asked again whether it has a trial's files by now; one that was started again, at once.
constexpr TimeMs kOtherDataMs = 60'000;

// Through which step the stored curve is this attempt's own, as long as it is not adopted: where the database has not
// heard of it, or not of its beginning, what is stored is of an earlier one.
std::int64_t StoredOf(const TrialRecord& trial, const AttemptReport& report) {
  if (report.name.generation == trial.generation && trial.begun()) return trial.stored_through;
  return report.begun ? report.begun->from_step : 0;
}

}  // namespace

Scheduler::Synchronized Scheduler::Synchronize(const WorkerReport& report, TimeMs now) {
  Synchronized result;
  PromoteDue(now);
  const WorkerIndex worker = fleet_.Ensure(report.worker_id);
  fleet_.Seen(worker, report, now);
  for (const AttemptReport& attempt : report.attempts) ReadAttempt(worker, attempt, now, result);
  TakeUnreported(worker, report, now, result);

  // A process without a lease keeps its slot until it is gone. One that this database has not heard of reports as
  // running for as long as nobody takes its points, which may be for ever; its worker sees for itself when the slot is
  // free.
  const auto leaving = std::count_if(report.attempts.begin(), report.attempts.end(), [&](const AttemptReport& attempt) {
    const TrialRecord* trial = FindTrial(attempt.name.trial_id);
    return !attempt.end && Knows(attempt.name) && !Holds(*trial, worker, attempt.name.generation);
  });
  int free_slots = fleet_.at(worker).slots - fleet_.at(worker).busy() - static_cast<int>(leaving);
  free_slots = Assign(worker, free_slots, now, result);
  result.answer.next_call_seconds = static_cast<double>(NextCall()) / 1000;
  result.answer.reason = WhyNoMore(fleet_.at(worker), free_slots, now);
  return result;
}

Decision Scheduler::Tick(TimeMs now) {
  Decision decision;
  PromoteDue(now);
  for (const WorkerIndex worker : fleet_.Disconnect(now - options_.lease_ms)) {
    const std::vector<TrialIndex> held(fleet_.at(worker).held.begin(), fleet_.at(worker).held.end());
    const std::string message =
        absl::StrCat("worker ", fleet_.at(worker).id, " was silent for ", options_.lease_ms / 1000, " s");
    for (const TrialIndex trial : held) {
      EndAttempt(trial, {.outcome = AttemptOutcome::kLost, .message = message}, true, now, decision);
    }
  }
  return decision;
}

// ---- leases ----

bool Scheduler::Holds(const TrialRecord& trial, WorkerIndex worker, std::uint64_t generation) const {
  return (trial.state == TrialState::kRunning || trial.stopping) && trial.worker == worker &&
         trial.generation == generation;
}

bool Scheduler::WasLost(const TrialRecord& trial, WorkerIndex worker, std::uint64_t generation) const {
  return trial.state == TrialState::kPending && trial.adoptable && trial.worker == worker &&
         trial.generation == generation;
}

bool Scheduler::MayWrite(const std::string& worker_id, const AttemptName& name) const {
  const TrialRecord* trial = FindTrial(name.trial_id);
  const WorkerIndex worker = fleet_.Find(worker_id);
  return trial != nullptr && worker != kNoWorker &&
         (Holds(*trial, worker, name.generation) || WasLost(*trial, worker, name.generation));
}

bool Scheduler::IsNewest(const std::string& worker_id, const AttemptName& name) const {
  const TrialRecord* trial = FindTrial(name.trial_id);
  return trial != nullptr && trial->generation == name.generation && trial->worker == fleet_.Find(worker_id);
}

bool Scheduler::MayAdopt(const AttemptName& name) const {
  const TrialRecord* trial = FindTrial(name.trial_id);
  return trial != nullptr && trial->generation < name.generation && !IsTerminal(trial->state);
}

bool Scheduler::Knows(const AttemptName& name) const {
  const TrialRecord* trial = FindTrial(name.trial_id);
  return trial != nullptr && name.generation <= trial->generation;
}

bool Scheduler::Begin(const AttemptName& name, std::int64_t from_step) {
  const auto it = trial_by_id_.find(name.trial_id);
  if (it == trial_by_id_.end()) return false;
  TrialRecord& trial = trials_[it->second];
  trial.known = true;
  if (trial.begun()) return true;
  if (from_step > trial.stored_through) return false;
  trial.curve_generation = trial.generation;
  trial.stored_through = from_step;
  SetStep(trial, from_step);
  return true;
}

void Scheduler::Lease(TrialIndex index, WorkerIndex worker) {
  TrialRecord& trial = trials_[index];
  trial.worker = worker;
  trial.known = false;
  trial.adoptable = false;
  trial.last_failure = FailureClass::kNone;
  queue_.RemoveDelayed(index, std::exchange(trial.not_before, 0));
  trial.avoid_until = 0;
  fleet_.at(worker).held.insert(index);
}

void Scheduler::ReadAttempt(WorkerIndex worker, const AttemptReport& report, TimeMs now, Synchronized& result) {
  SynchronizeAnswer& answer = result.answer;
  const auto it = trial_by_id_.find(report.name.trial_id);
  if (it == trial_by_id_.end()) {
    // The database was restored from a copy. What the worker has will be of use when the sweep is submitted again.
    if (!report.end) answer.stop.push_back({.name = report.name});
    return;
  }
  const TrialIndex index = it->second;
  TrialRecord& trial = trials_[index];
  if (MayAdopt(report.name) || WasLost(trial, worker, report.name.generation)) {
    // An earlier attempt of the same trial makes way for it.
    const int others = fleet_.at(worker).busy() - (fleet_.at(worker).held.contains(index) ? 1 : 0);
    const bool slot_was_given_away = !report.end && others >= fleet_.at(worker).slots;
    if (slot_was_given_away) {
      answer.stop.push_back({report.name, StoredOf(trial, report)});
      return;
    }
    Adopt(index, worker, report.name.generation, now, result.decision);
  }
  const bool is_result = trial.state == TrialState::kCompleted || trial.state == TrialState::kDiverged;
  if (!Knows(report.name) && !is_result) {
    // The restored database has the trial failed or cancelled. Should it be wanted again, this attempt goes on.
    if (!report.end) answer.stop.push_back({report.name, StoredOf(trial, report)});
    return;
  }
  if (!Holds(trial, worker, report.name.generation)) {
    answer.forget.push_back(report.name);
    return;
  }
  trial.known = true;
  RecordStep(trial.id, report.step);
  // Told to continue what a database that was restored since does not hold.
  const bool continues_another = report.begun && !trial.begun() && report.begun->from_step > 0 &&
                                 report.begun->continued_generation != trial.curve_generation;
  const bool leaves_a_gap = report.begun && !continues_another && !Begin(report.name, report.begun->from_step);
  if (continues_another || leaves_a_gap) {
    EndAttempt(index,
               {.outcome = AttemptOutcome::kLost,
                .message = absl::StrCat("it began with a checkpoint of step ", report.begun->from_step,
                                        leaves_a_gap ? "" : " of another training",
                                        ", and the curve is stored through step ", trial.stored_through)},
               false, now, result.decision);
    trial.adoptable = false;
    answer.forget.push_back(report.name);
  } else if (report.end) {
    EndAttempt(index, *report.end, false, now, result.decision);
    answer.forget.push_back(report.name);
  } else {
    (trial.stopping ? answer.stop : answer.keep).push_back({report.name, trial.stored_through});
  }
}

void Scheduler::Adopt(TrialIndex index, WorkerIndex worker, std::uint64_t generation, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  if (generation > trial.generation) {
    if (trial.state == TrialState::kRunning || trial.stopping) {
      const AttemptEnd end{.outcome = AttemptOutcome::kLost,
                           .message = "a later attempt of its trial is known to a worker: the database was restored"};
      EndAttempt(index, end, false, now, decision);
    }
    trial.generation = generation;
    ++trial.attempts;
    trial.started_at = now;
  }
  Lease(index, worker);
  Change(index, TrialState::kRunning, {.reason = "its worker is back"}, now, decision);
  decision.change.attempts.push_back(
      {.name = {trial.id, trial.generation}, .worker = fleet_.at(worker).id, .started_at = trial.started_at});
}

// An attempt that the worker does not report: as long as it never has, the answer that told it to start was lost; once
// it has, the worker has restarted without it.
void Scheduler::TakeUnreported(WorkerIndex worker, const WorkerReport& report, TimeMs now, Synchronized& result) {
  absl::flat_hash_map<absl::string_view, std::uint64_t> reported;
  for (const AttemptReport& attempt : report.attempts) {
    std::uint64_t& generation = reported[attempt.name.trial_id];
    generation = std::max(generation, attempt.name.generation);
  }
  const std::vector<TrialIndex> held(fleet_.at(worker).held.begin(), fleet_.at(worker).held.end());
  for (const TrialIndex index : held) {
    const TrialRecord& trial = trials_[index];
    const auto it = reported.find(trial.id);
    if (it != reported.end() && it->second >= trial.generation) continue;
    // Nor is one told again that another process started and this one leaves alone.
    const bool is_told_again = !trial.known && !trial.stopping && MayStart(trial);
    if (is_told_again) {
      result.answer.start.push_back(StartOf(trial));
    } else {
      EndAttempt(index, {.outcome = AttemptOutcome::kLost, .message = "its worker restarted without it"}, false, now,
                 result.decision);
    }
  }
}

int Scheduler::Assign(WorkerIndex worker, int free_slots, TimeMs now, Synchronized& result) {
  if (!fleet_.MayWork(worker, false, now)) return free_slots;
  const auto find = [&](bool retries_too) {
    return queue_.FindFirst(fleet_.at(worker).has_cuda, [&](Place place) {
      const TrialRecord& trial = trials_[sweeps_[place.sweep].trials[place.position]];
      return (retries_too || trial.failures == 0) && FitOn(trial, worker, now) == Fit::kFits;
    });
  };
  for (; free_slots > 0; --free_slots) {
    // What keeps failing holds up nothing new.
    const auto fresh = find(false);
    const auto place = fresh ? fresh : find(true);
    if (!place) break;
    const TrialIndex index = sweeps_[place->sweep].trials[place->position];
    TrialRecord& trial = trials_[index];
    Lease(index, worker);
    trial.generation = std::max(trial.generation + 1, options_.first_generation);
    ++trial.attempts;
    trial.started_at = now;
    Change(index, TrialState::kRunning, {.reason = absl::StrCat("assigned to ", fleet_.at(worker).id)}, now,
           result.decision);
    result.decision.change.attempts.push_back(
        {.name = {trial.id, trial.generation}, .worker = fleet_.at(worker).id, .started_at = now});
    result.answer.start.push_back(StartOf(trial));
  }
  return free_slots;
}

Scheduler::Fit Scheduler::FitOn(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const {
  for (const auto& [other, since] : trial.other_data_on) {
    const bool may_have_changed = now - since > kOtherDataMs || fleet_.at(other).connected_since > since;
    if (other == worker && !may_have_changed) return Fit::kOtherDataThere;
  }
  const bool avoids = trial.avoid_until > now && trial.worker == worker;
  return avoids && fleet_.AnotherUsable(worker, trial.needs_cuda, now) ? Fit::kCrashedThere : Fit::kFits;
}

AttemptStart Scheduler::StartOf(const TrialRecord& trial) const {
  return {.name = {trial.id, trial.generation},
          .config_json = "",
          .attempt = std::max(0, trial.attempts - 1),
          .lease_seconds = static_cast<double>(options_.lease_ms) / 1000,
          .stored_through = trial.stored_through,
          .curve_generation = trial.curve_generation};
}

TimeMs Scheduler::NextCall() const {
  const TimeMs fair = static_cast<TimeMs>(fleet_.connected()) * 1000 / options_.calls_per_second;
  return std::clamp(fair, kShortestCallMs, std::max(kShortestCallMs, options_.lease_ms / 3));
}

// ---- ends ----

void Scheduler::CloseAttempt(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  WorkerRecord& worker = fleet_.at(trial.worker);
  worker.held.erase(index);
  decision.change.attempts.push_back({.name = {trial.id, trial.generation},
                                      .worker = worker.id,
                                      .started_at = trial.started_at,
                                      .ended_at = now,
                                      .end = end});
}

void Scheduler::EndAttempt(TrialIndex index, const AttemptEnd& end, bool lease_expired, TimeMs now,
                           Decision& decision) {
  TrialRecord& trial = trials_[index];
  const std::string worker = fleet_.at(trial.worker).id;
  CloseAttempt(index, end, now, decision);
  // What it trained was reported to the end.
  if (trial.begun() && end.outcome != AttemptOutcome::kLost) RecordStored(trial.id, end.step);
  if (std::exchange(trial.stopping, false)) return EndStopped(index, end, now, decision);
  switch (end.outcome) {
    case AttemptOutcome::kCompleted:
    case AttemptOutcome::kDiverged:
      fleet_.NoteSuccess(trial.worker);
      Conclude(index, end, absl::StrCat(std::string(Name(end.outcome)), " on ", worker), now, decision);
      return;
    case AttemptOutcome::kFailed:
      FailAttempt(index, end, now, decision);
      return;
    case AttemptOutcome::kLost:
      trial.adoptable = true;
      Change(index, TrialState::kPending,
             {.reason = absl::StrCat("lost on ", worker, ": ", end.message),
              .why = FailureClass::kLost,
              .lease_expired = lease_expired},
             now, decision);
      return;
    case AttemptOutcome::kCancelled:  // a stop that was taken back
    case AttemptOutcome::kPreempted:
      Change(index, TrialState::kPending,
             {.reason = absl::StrCat("preempted on ", worker),
              .wall_seconds = end.wall_seconds,
              .why = FailureClass::kPreempted},
             now, decision);
      return;
  }
}

void Scheduler::Conclude(TrialIndex index, const AttemptEnd& end, std::string reason, TimeMs now, Decision& decision) {
  const bool has_diverged = end.outcome == AttemptOutcome::kDiverged;
  Change(index, has_diverged ? TrialState::kDiverged : TrialState::kCompleted,
         {.reason = has_diverged ? absl::StrCat(reason, ": ", end.message) : std::move(reason),
          .diverged_reason = has_diverged ? end.message : "",
          .diverged_step = end.step,
          .wall_seconds = end.wall_seconds},
         now, decision);
}

void Scheduler::EndStopped(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  const bool is_result = end.outcome == AttemptOutcome::kCompleted || end.outcome == AttemptOutcome::kDiverged;
  if (is_result) return Conclude(index, end, "it ended before it was stopped", now, decision);
  if (trial.state == TrialState::kPending) Enqueue(index, now);
  decision.change.trials.push_back(RowOf(trial, {.wall_seconds = end.wall_seconds}, now));
}

// The trial is as good as before; only this worker cannot train it.
void Scheduler::NoteOtherData(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision) {
  TrialRecord& trial = trials_[index];
  std::erase_if(trial.other_data_on, [&](const auto& entry) { return entry.first == trial.worker; });
  trial.other_data_on.emplace_back(trial.worker, now);
  trial.other_data = end.message;
  Change(index, TrialState::kPending,
         {.reason = absl::StrCat("not on ", fleet_.at(trial.worker).id, ": ", end.message),
          .failure = end.failure,
          .message = end.message,
          .wall_seconds = end.wall_seconds,
          .why = end.failure},
         now, decision);
}

bool Scheduler::BlamesWorker(TrialIndex index, TimeMs now) {
  TrialRecord& trial = trials_[index];
  const WorkerIndex before = std::exchange(trial.crashed_on, trial.worker);
  if (before == kNoWorker || before == trial.worker) return fleet_.NoteCrash(trial.worker, index, now);
  fleet_.Forgive(index);
  return false;
}

void Scheduler::FailAttempt(TrialIndex index, const AttemptEnd& end, TimeMs now, Decision& decision) {
  if (end.failure == FailureClass::kOtherData) return NoteOtherData(index, end, now, decision);
  TrialRecord& trial = trials_[index];
  const std::string worker = fleet_.at(trial.worker).id;
  const int limit = FailureLimit(end.failure);
  ++trial.failures;
  Cause cause{
      .reason = absl::StrCat(std::string(Name(end.failure)), " on ", worker, " (", trial.failures, " of ", limit, ")"),
      .failure = end.failure,
      .message = end.message,
      .wall_seconds = end.wall_seconds,
      .why = end.failure};
  if (end.failure == FailureClass::kCrash && BlamesWorker(index, now)) {
    absl::StrAppend(&cause.reason, "; ", worker, " is in quarantine: ", fleet_.at(trial.worker).quarantine_reason);
  }
  if (trial.failures >= limit) {
    Change(index, TrialState::kFailed, std::move(cause), now, decision);
    return;
  }
  const TimeMs delay = std::min(kLongestRetryDelayMs, options_.retry_delay_ms << std::min(trial.failures - 1, 20));
  trial.last_failure = end.failure;
  trial.not_before = now + delay;
  trial.avoid_until = trial.not_before + options_.retry_elsewhere_ms;
  absl::StrAppend(&cause.reason, ", again in ", delay / 1000, " s");
  Change(index, TrialState::kPending, std::move(cause), now, decision);
}

int Scheduler::FailureLimit(FailureClass failure) const {
  switch (failure) {
    case FailureClass::kBadConfig:
    case FailureClass::kBadData:
      return 1;
    case FailureClass::kOom:
      return options_.max_oom_failures;
    default:
      return options_.max_failures;
  }
}

}  // namespace ofsweep
