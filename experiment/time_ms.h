#pragma once

#include <cstdint>

namespace ofsweep {

// Times are milliseconds since 1970, UTC; 0 means never.
using TimeMs = std::int64_t;

}  // namespace ofsweep
