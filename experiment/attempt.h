#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "experiment/trial_state.h"

// The vocabulary of attempts, from a trainer's last line to the tables.
namespace ofsweep {

// One run of a trial by one worker. The generation is part of the name: whoever holds an older one was overtaken.
struct AttemptName {
  std::string trial_id;
  std::uint64_t generation = 0;

  auto operator<=>(const AttemptName&) const = default;
};

// "3f2a…#2", for logs.
std::string ToText(const AttemptName& name);

// A trainer says that it completed, diverged or failed; its worker sees that it failed, was stopped because nobody
// wants the trial any more (cancelled) or ended with its worker (preempted); the coordinator, that its worker is gone
// (lost).
enum class AttemptOutcome { kCompleted, kDiverged, kFailed, kCancelled, kPreempted, kLost };

// As in SQL, JSON and worker.proto: "completed", "lost".
std::string_view Name(AttemptOutcome outcome);
std::optional<AttemptOutcome> ParseAttemptOutcome(std::string_view name);

// How an attempt ended.
struct AttemptEnd {
  AttemptOutcome outcome = AttemptOutcome::kCompleted;
  FailureClass failure = FailureClass::kNone;  // of a failed attempt
  std::string message;                         // why it failed, in words, or diverged (diverged_reasons below); else ""
  std::int64_t step = 0;                       // updates done; of a diverged attempt, the step whose numbers show it
  double wall_seconds = 0;                     // of this attempt

  bool operator==(const AttemptEnd&) const = default;
};

// Why a trial has diverged, as in results.outcome_reason: a number that is NaN or Inf, or a loss that stays above twice
// that of a uniform guess after the warm-up.
namespace diverged_reasons {
inline constexpr std::string_view kTrainLoss = "train_loss is not finite";
inline constexpr std::string_view kGradientNorm = "gradient_norm is not finite";
inline constexpr std::string_view kHighLoss = "train_loss stays above twice that of a uniform guess";
inline constexpr std::string_view kWeights = "weights are not finite";
inline constexpr std::string_view kEvaluation = "eval_loss is not finite";
}  // namespace diverged_reasons

// An attempt that failed.
AttemptEnd Failed(FailureClass failure, std::string message);

}  // namespace ofsweep
