#pragma once

#include <optional>
#include <string_view>

namespace ofsweep {

enum class TrialState { kPending, kRunning, kCompleted, kDiverged, kFailed, kCancelled, kPruned };

// Why a trial failed. `kLost` (its worker vanished), `kPreempted` and `kOtherData` (the worker's files are not those
// that the trial is of) end an attempt, never a trial: they are retried without counting against it.
enum class FailureClass { kNone, kOom, kCrash, kBadConfig, kBadData, kTimeout, kLost, kPreempted, kOtherData };

enum class SweepState { kActive, kPaused, kCancelled, kFinished };

constexpr bool IsTerminal(TrialState state) {
  return state != TrialState::kPending && state != TrialState::kRunning;
}

// The names that users see in SQL, JSON, RPC and metrics: "completed", "bad_config", "paused".
std::string_view Name(TrialState state);
std::string_view Name(FailureClass failure);  // kNone is ""
std::string_view Name(SweepState state);

std::optional<TrialState> ParseTrialState(std::string_view name);
std::optional<FailureClass> ParseFailureClass(std::string_view name);
std::optional<SweepState> ParseSweepState(std::string_view name);

// What a trainer, or its worker, may say of an attempt that failed. That one was lost or preempted is an outcome
// (attempt.h), which neither says as a failure.
inline constexpr std::string_view kTrainerFailures = "oom, crash, bad_config, bad_data, timeout or other_data";
bool IsTrainerFailure(FailureClass failure);
std::optional<FailureClass> ParseTrainerFailure(std::string_view name);

}  // namespace ofsweep
