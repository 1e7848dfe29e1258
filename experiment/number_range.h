#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace ofsweep {

// As a maximum, or negative as a minimum: there is none.
inline constexpr double kNoBound = std::numeric_limits<double>::infinity();

// 2^53: the last integer up to which a double, and so JSON, holds every one.
inline constexpr double kExactIntegers = 9007199254740992.0;

// Which numbers a trial key or an option accepts. Never NaN or an infinity.
struct NumberRange {
  double minimum = 0;  // inclusive unless `open_minimum`
  double maximum = kNoBound;
  bool open_minimum = false;
  bool whole = false;

  bool Holds(double number) const;
};

inline constexpr NumberRange kPositive{.open_minimum = true};
inline constexpr NumberRange kPositiveWhole{.minimum = 1, .maximum = std::numeric_limits<int>::max(), .whole = true};

// A decimal number that fills the whole text; "+1", "nan", "inf" and "1_000" are none, as in YAML 1.2; "1e-3" is.
std::optional<double> ReadNumber(std::string_view text);

// The same for an integer, which is read exactly: "1e3" is 1000. Nothing beyond kExactIntegers is read, for a range
// would compare it rounded.
std::optional<std::int64_t> ReadWhole(std::string_view text);

// "a number > 0", "an integer ≥ 1 and ≤ 1024": with every bound, or who is past one would not learn why it is refused.
std::string AcceptedNumbers(const NumberRange& range);

// "expected a number > 0, got \"nan\""; "" where the text is a number in the range.
std::string WhyNotIn(const NumberRange& range, std::string_view text);

}  // namespace ofsweep
