#include "experiment/trial_state.h"

#include <array>
#include <utility>

namespace ofsweep {
namespace {

template <class Enum, std::size_t size>
using Names = std::array<std::pair<Enum, std::string_view>, size>;

constexpr Names<TrialState, 7> kTrialStates = {{
    {TrialState::kPending, "pending"},
    {TrialState::kRunning, "running"},
    {TrialState::kCompleted, "completed"},
    {TrialState::kDiverged, "diverged"},
    {TrialState::kFailed, "failed"},
    {TrialState::kCancelled, "cancelled"},
    {TrialState::kPruned, "pruned"},
}};

constexpr Names<FailureClass, 9> kFailureClasses = {{
    {FailureClass::kNone, ""},
    {FailureClass::kOom, "oom"},
    {FailureClass::kCrash, "crash"},
    {FailureClass::kBadConfig, "bad_config"},
    {FailureClass::kBadData, "bad_data"},
    {FailureClass::kTimeout, "timeout"},
    {FailureClass::kLost, "lost"},
    {FailureClass::kPreempted, "preempted"},
    {FailureClass::kOtherData, "other_data"},
}};

constexpr Names<SweepState, 4> kSweepStates = {{
    {SweepState::kActive, "active"},
    {SweepState::kPaused, "paused"},
    {SweepState::kCancelled, "cancelled"},
    {SweepState::kFinished, "finished"},
}};

template <class Enum, std::size_t size>
std::string_view NameOf(const Names<Enum, size>& names, Enum value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

template <class Enum, std::size_t size>
std::optional<Enum> ValueOf(const Names<Enum, size>& names, std::string_view name) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(TrialState state) {
  return NameOf(kTrialStates, state);
}
std::string_view Name(FailureClass failure) {
  return NameOf(kFailureClasses, failure);
}
std::string_view Name(SweepState state) {
  return NameOf(kSweepStates, state);
}

std::optional<TrialState> ParseTrialState(std::string_view name) {
  return ValueOf(kTrialStates, name);
}
std::optional<FailureClass> ParseFailureClass(std::string_view name) {
  return ValueOf(kFailureClasses, name);
}
std::optional<SweepState> ParseSweepState(std::string_view name) {
  return ValueOf(kSweepStates, name);
}

bool IsTrainerFailure(FailureClass failure) {
  return failure != FailureClass::kNone && failure != FailureClass::kLost && failure != FailureClass::kPreempted;
}

std::optional<FailureClass> ParseTrainerFailure(std::string_view name) {
  const auto failure = ParseFailureClass(name);
  return failure && IsTrainerFailure(*failure) ? failure : std::nullopt;
}

}  // namespace ofsweep
