#pragma once

#include <cstdint>

namespace ofsweep {

// The most updates that a trial may ask for. Every step fits into the 32 bits that SweepService has for it.
inline constexpr std::int64_t kMaxSteps = 1'000'000'000;

}  // namespace ofsweep
