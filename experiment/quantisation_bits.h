#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace ofsweep {

class TrialConfig;

// The bits to which an evaluation rounds weights and activations: 2 to 16, or kUnrounded. A user writes "w8a4".
struct QuantisationBits {
  static constexpr int kUnrounded = 32;

  int weights = 8;
  int activations = 8;

  bool operator==(const QuantisationBits&) const = default;
};

std::string Name(QuantisationBits bits);

// InvalidArgument says what is accepted.
absl::StatusOr<QuantisationBits> ParseQuantisationBits(std::string_view text);

// What ParseQuantisationBits accepts, in words.
inline constexpr const char* kAcceptedQuantisationBits =
    "wXaY, X and Y from 2 to 16, or 32 for unrounded: [w8a5, w8a4]";

// One evaluation of a trained model after rounding; its points are PREFIX_loss and PREFIX_perplexity.
struct QuantisedEvaluation {
  std::string prefix;
  QuantisationBits bits;
};

// All that a trial asks for: "int8", which is w8a8, where evaluate.int8 is true, then evaluate.bits in its order.
std::vector<QuantisedEvaluation> QuantisedEvaluations(const TrialConfig& config);

}  // namespace ofsweep
