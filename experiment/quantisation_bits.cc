#include "experiment/quantisation_bits.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "experiment/trial_config.h"

namespace ofsweep {
namespace {

constexpr int kFewest = 2;
constexpr int kMostBits = 16;

// 0 for what is no number of bits. "08" and "+8" are none: a name has one spelling.
int ReadBits(std::string_view text) {
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc() || std::to_string(bits) != text) return 0;
  return (bits >= kFewest && bits <= kMostBits) || bits == QuantisationBits::kUnrounded ? bits : 0;
}

}  // namespace

std::string Name(QuantisationBits bits) {
  return absl::StrCat("w", bits.weights, "a", bits.activations);
}

absl::StatusOr<QuantisationBits> ParseQuantisationBits(std::string_view text) {
  const std::size_t a = text.find('a');
  if (text.starts_with('w') && a != std::string_view::npos) {
    const QuantisationBits bits{ReadBits(text.substr(1, a - 1)), ReadBits(text.substr(a + 1))};
    if (bits.weights != 0 && bits.activations != 0) return bits;
  }
  return absl::InvalidArgumentError(absl::StrCat("expected ", kAcceptedQuantisationBits, ", got ", Quoted(text)));
}

std::vector<QuantisedEvaluation> QuantisedEvaluations(const TrialConfig& config) {
  std::vector<QuantisedEvaluation> evaluations;
  if (config.Boolean("evaluate.int8")) evaluations.push_back({"int8", QuantisationBits{}});
  for (const std::string& name : config.List("evaluate.bits")) {
    evaluations.push_back({name, ParseQuantisationBits(name).value()});
  }
  return evaluations;
}

}  // namespace ofsweep
