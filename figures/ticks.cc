#include "figures/ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

// Beyond so many decades the small ticks would run into each other.
constexpr double kMostDecadesWithSmallTicks = 12;

// Which digits of a decade have a label, from the densest to the sparsest.
const std::vector<std::vector<int>> kLabelledDigits = {
    {1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 5}, {1, 2, 5}, {1, 3}, {1}};

bool IsWithin(double value, const Interval& domain) {
  const double slack = (domain.high - domain.low) * 1e-9;
  return value >= domain.low - slack && value <= domain.high + slack;
}

// 6 significant digits without the zeros that say nothing.
std::string Digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

// 1e-5
std::string Scientific(double value) {
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  return absl::StrCat(Digits(value / std::pow(10, exponent)), "e", exponent);
}

std::string WithMinusSign(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

std::set<int> DigitsWithLabel(double decades, int count) {
  const auto chosen = std::find_if(kLabelledDigits.begin(), kLabelledDigits.end(), [&](const std::vector<int>& digits) {
    return static_cast<double>(digits.size()) * decades <= count + 1;
  });
  const auto& digits = chosen == kLabelledDigits.end() ? kLabelledDigits.back() : *chosen;
  return {digits.begin(), digits.end()};
}

}  // namespace

std::string TickText(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size >= 1e9 || size < 1e-3) return WithMinusSign(Scientific(value));
  if (size >= 1e6) return WithMinusSign(Digits(value / 1e6)) + "M";
  if (size >= 1e4) return WithMinusSign(Digits(value / 1e3)) + "k";
  return WithMinusSign(Digits(value));
}

std::vector<Tick> LinearTicks(const Interval& domain, int count) {
  const double rough = (domain.high - domain.low) / std::max(1, count);
  if (!(rough > 0)) return {{domain.low, TickText(domain.low)}};
  const double size = std::pow(10, std::floor(std::log10(rough)));
  // Rather a few more than a few less.
  double step = size * 10;
  for (const int factor : {5, 2, 1}) {
    if (size * factor >= rough * 0.7) step = size * factor;
  }
  std::vector<Tick> ticks;
  for (double i = std::ceil(domain.low / step - 1e-9); IsWithin(i * step, domain); ++i) {
    const double value = std::strtod(Digits(i * step).c_str(), nullptr);
    ticks.push_back({value, TickText(value)});
  }
  return ticks;
}

std::vector<Tick> LogTicks(const Interval& domain, int count) {
  const double decades = std::log10(domain.high / domain.low);
  if (decades < 1) return LinearTicks(domain, count);
  const std::set<int> labelled = DigitsWithLabel(decades, count);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / (count + 1))));
  std::vector<Tick> ticks;
  for (int power = static_cast<int>(std::floor(std::log10(domain.low))); std::pow(10, power) <= domain.high; ++power) {
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = std::strtod(absl::StrCat(digit, "e", power).c_str(), nullptr);
      if (value < domain.low * (1 - 1e-9) || value > domain.high * (1 + 1e-9)) continue;
      const bool has_label = power % every == 0 && labelled.contains(digit);
      if (has_label || decades <= kMostDecadesWithSmallTicks)
        ticks.push_back({value, has_label ? TickText(value) : ""});
    }
  }
  return ticks;
}

std::vector<Tick> TicksOf(bool is_log, const Interval& domain, int count) {
  return is_log ? LogTicks(domain, count) : LinearTicks(domain, count);
}

}  // namespace ofsweep
