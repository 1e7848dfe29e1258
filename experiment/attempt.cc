#include "experiment/attempt.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::array<std::string_view, 6> kOutcomes = {"completed", "diverged",  "failed",
                                                       "cancelled", "preempted", "lost"};

}  // namespace

std::string ToText(const AttemptName& name) {
  return absl::StrCat(name.trial_id, "#", name.generation);
}

std::string_view Name(AttemptOutcome outcome) {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}

std::optional<AttemptOutcome> ParseAttemptOutcome(std::string_view name) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    if (kOutcomes[i] == name) return static_cast<AttemptOutcome>(i);
  }
  return std::nullopt;
}

AttemptEnd Failed(FailureClass failure, std::string message) {
  return {.outcome = AttemptOutcome::kFailed, .failure = failure, .message = std::move(message)};
}

}  // namespace ofsweep
