#include "coordinator/scheduler_ends.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr TimeMs kLongestRetryDelayMs = 10 * 60'000;

// The attempt's end is the trial's: completed or diverged.
void Conclude(TrialIndex index, const AttemptEnd& end, std::string reason, Turn& turn) {
  const bool has_diverged = end.outcome == AttemptOutcome::kDiverged;
  turn.SetTrial(index, has_diverged ? TrialState::kDiverged : TrialState::kCompleted,
                {.reason = has_diverged ? absl::StrCat(reason, ": ", end.message) : std::move(reason),
                 .diverged_reason = has_diverged ? end.message : "",
                 .diverged_step = end.step,
                 .wall_seconds = end.wall_seconds});
}

// Of an attempt that was told to stop: the trial may have been resumed meanwhile.
void EndStopped(TrialIndex index, const AttemptEnd& end, Turn& turn) {
  turn.books().SetStopping(index, false, turn.now());
  const bool is_result = end.outcome == AttemptOutcome::kCompleted || end.outcome == AttemptOutcome::kDiverged;
  if (is_result) return Conclude(index, end, "it ended before it was stopped", turn);
  turn.AddWallSeconds(index, end.wall_seconds);
}

void LoseAttempt(TrialIndex index, const AttemptEnd& end, bool lease_expired, Turn& turn) {
  TrialRecord& trial = turn.books().trial(index);
  const WorkerRecord& worker = turn.fleet().at(trial.worker);
  trial.adoptable = true;
  // As long as was heard of it.
  const TimeMs lasted = std::max<TimeMs>(0, worker.last_seen - trial.started_at);
  turn.SetTrial(index, TrialState::kPending,
                {.reason = absl::StrCat("lost on ", worker.id, ": ", end.message),
                 .wall_seconds = static_cast<double>(lasted) / 1000,
                 .why = FailureClass::kLost,
                 .lease_expired = lease_expired});
}

// The trial is as good as before; only this worker cannot train it.
void NoteOtherData(TrialIndex index, const AttemptEnd& end, Turn& turn) {
  TrialRecord& trial = turn.books().trial(index);
  std::erase_if(trial.other_data_on, [&](const auto& entry) { return entry.first == trial.worker; });
  trial.other_data_on.emplace_back(trial.worker, turn.now());
  trial.other_data = end.message;
  turn.SetTrial(index, TrialState::kPending,
                {.reason = absl::StrCat("not on ", turn.fleet().at(trial.worker).id, ": ", end.message),
                 .failure = end.failure,
                 .message = end.message,
                 .wall_seconds = end.wall_seconds,
                 .why = end.failure});
}

// Counts a crash against the worker or the trial; true when it put the worker into quarantine.
bool BlamesWorker(TrialIndex index, Turn& turn) {
  TrialRecord& trial = turn.books().trial(index);
  const WorkerIndex before = std::exchange(trial.crashed_on, trial.worker);
  if (before == kNoWorker || before == trial.worker) return turn.fleet().NoteCrash(trial.worker, index, turn.now());
  turn.fleet().Forgive(index);
  return false;
}

int FailureLimit(FailureClass failure, const SchedulerOptions& options) {
  switch (failure) {
    case FailureClass::kBadConfig:
    case FailureClass::kBadData:
      return 1;
    case FailureClass::kOom:
      return options.max_oom_failures;
    default:
      return options.max_failures;
  }
}

void FailAttempt(TrialIndex index, const AttemptEnd& end, Turn& turn) {
  if (end.failure == FailureClass::kOtherData) return NoteOtherData(index, end, turn);
  TrialRecord& trial = turn.books().trial(index);
  const SchedulerOptions& options = turn.state().options;
  const WorkerRecord& worker = turn.fleet().at(trial.worker);
  const int limit = FailureLimit(end.failure, options);
  ++trial.failures;
  Cause cause{.reason = absl::StrCat(std::string(Name(end.failure)), " on ", worker.id, " (", trial.failures, " of ",
                                     limit, ")"),
              .failure = end.failure,
              .message = end.message,
              .wall_seconds = end.wall_seconds,
              .why = end.failure};
  if (end.failure == FailureClass::kCrash && BlamesWorker(index, turn)) {
    absl::StrAppend(&cause.reason, "; ", worker.id, " is in quarantine: ", worker.quarantine_reason);
  }
  if (trial.failures >= limit) return turn.SetTrial(index, TrialState::kFailed, std::move(cause));
  const TimeMs delay = std::min(kLongestRetryDelayMs, options.retry_delay_ms << std::min(trial.failures - 1, 20));
  trial.last_failure = end.failure;
  trial.not_before = turn.now() + delay;
  trial.avoid_until = trial.not_before + options.retry_elsewhere_ms;
  absl::StrAppend(&cause.reason, ", again in ", delay / 1000, " s");
  turn.SetTrial(index, TrialState::kPending, std::move(cause));
}

// No trainer ends so.
bool IsImpossible(const TrialRecord& trial, const AttemptEnd& end) {
  if (end.outcome == AttemptOutcome::kCompleted) return end.step < trial.target_steps;
  return end.outcome == AttemptOutcome::kDiverged && end.step > trial.target_steps;
}

void End(TrialIndex index, const AttemptEnd& told, bool lease_expired, Turn& turn) {
  const TrialRecord& trial = turn.books().trial(index);
  AttemptEnd end = told;
  end.step = std::min(told.step, trial.target_steps);
  if (IsImpossible(trial, told)) {
    end = {.outcome = AttemptOutcome::kFailed,
           .failure = FailureClass::kCrash,
           .message = absl::StrCat("its worker says ", std::string(Name(told.outcome)), " at step ", told.step, " of ",
                                   trial.target_steps),
           .wall_seconds = told.wall_seconds};
  }
  const std::string& worker = turn.fleet().at(trial.worker).id;
  turn.CloseAttempt(index, end);
  // What it trained was reported to the end.
  if (trial.begun() && end.outcome != AttemptOutcome::kLost) turn.books().RecordStored(index, end.step);
  if (trial.stopping) return EndStopped(index, end, turn);
  switch (end.outcome) {
    case AttemptOutcome::kCompleted:
    case AttemptOutcome::kDiverged:
      turn.fleet().NoteSuccess(trial.worker);
      return Conclude(index, end, absl::StrCat(std::string(Name(end.outcome)), " on ", worker), turn);
    case AttemptOutcome::kFailed:
      return FailAttempt(index, end, turn);
    case AttemptOutcome::kLost:
      return LoseAttempt(index, end, lease_expired, turn);
    case AttemptOutcome::kCancelled:  // a stop that was taken back
    case AttemptOutcome::kPreempted:
      return turn.SetTrial(index, TrialState::kPending,
                           {.reason = absl::StrCat("preempted on ", worker),
                            .wall_seconds = end.wall_seconds,
                            .why = FailureClass::kPreempted});
  }
}

}  // namespace

void EndAttempt(TrialIndex index, const AttemptEnd& end, Turn& turn) {
  End(index, end, /*lease_expired=*/false, turn);
}

void ExpireLease(TrialIndex index, Turn& turn) {
  const TimeMs lease_ms = turn.state().options.lease_ms;
  const std::string message = absl::StrCat("worker ", turn.fleet().at(turn.books().trial(index).worker).id,
                                           " was silent for ", lease_ms / 1000, " s");
  End(index, {.outcome = AttemptOutcome::kLost, .message = message}, /*lease_expired=*/true, turn);
}

}  // namespace ofsweep
