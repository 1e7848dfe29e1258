#pragma once

#include <string_view>

namespace ofsweep {

// True when `text` is one of the `choices`, which stand separated by '|': IsOneOf("soap", "adam|soap").
constexpr bool IsOneOf(std::string_view text, std::string_view choices) {
  while (true) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

}  // namespace ofsweep
