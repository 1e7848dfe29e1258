#include "coordinator/coordinator_types.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr std::array<std::string_view, 6> kOutcomes = {"completed", "diverged",  "failed",
                                                       "cancelled", "preempted", "lost"};

}  // namespace

absl::Status NoSuchSweep(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("no sweep is called ", Quoted(name), "; `ofsweep ls` lists them"));
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

}  // namespace ofsweep
