#pragma once

#include <cstddef>

namespace ofsweep {

inline constexpr std::size_t kTrialIdDigits = 16;  // hexadecimal: TrialId (trial_config.h)
// By at least so many a user may name a trial, where no other begins with them.
inline constexpr std::size_t kFewestIdDigits = 4;

}  // namespace ofsweep
