#include "experiment/sweep_name.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxNameLength = 100;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
}

}  // namespace

bool IsSweepName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && absl::ascii_isalnum(name[0]) &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

}  // namespace ofsweep
