#pragma once

#include <string_view>

namespace ofsweep {

// Of a sweep or of a tag. A message that refuses one ends with the rule.
bool IsSweepName(std::string_view name);
inline constexpr const char* kSweepNameRule =
    "use letters, digits, '.', '_' and '-', at most 100, beginning with a letter or digit";

}  // namespace ofsweep
