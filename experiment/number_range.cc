#include "experiment/number_range.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiment/quoted.h"
#include "experiment/value.h"

namespace ofsweep {
namespace {

// 1000000000 of integers, which nobody writes as 1e+09.
std::string BoundText(const NumberRange& range, double bound) {
  return range.whole ? absl::StrFormat("%.0f", bound) : ShortestNumber(bound);
}

}  // namespace

bool NumberRange::Holds(double number) const {
  if (!std::isfinite(number) || (whole && number != std::floor(number))) return false;
  return (open_minimum ? number > minimum : number >= minimum) && number <= maximum;
}

std::optional<double> ReadNumber(std::string_view text) {
  const char* end = text.data() + text.size();
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<std::int64_t> ReadWhole(std::string_view text) {
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, whole);
  if (error == std::errc() && stop == end) {
    constexpr auto kLargest = static_cast<std::int64_t>(kExactIntegers);
    return whole >= -kLargest && whole <= kLargest ? std::optional(whole) : std::nullopt;
  }
  // With a point or an exponent: at the limit itself it may have been rounded.
  const std::optional<double> number = ReadNumber(text);
  if (!number || *number != std::floor(*number) || std::abs(*number) >= kExactIntegers) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string AcceptedNumbers(const NumberRange& range) {
  std::string words = range.whole ? "an integer" : "a number";
  const bool bounded = range.minimum != -kNoBound;
  if (bounded) absl::StrAppend(&words, range.open_minimum ? " > " : " ≥ ", BoundText(range, range.minimum));
  if (range.maximum != kNoBound) absl::StrAppend(&words, bounded ? " and ≤ " : " ≤ ", BoundText(range, range.maximum));
  return words;
}

std::string WhyNotIn(const NumberRange& range, std::string_view text) {
  const auto number = range.whole ? std::optional<double>(ReadWhole(text)) : ReadNumber(text);
  if (number && range.Holds(*number)) return "";
  return absl::StrCat("expected ", AcceptedNumbers(range), ", got ", Quoted(text));
}

}  // namespace ofsweep
