#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"

namespace ofsweep {

// A longer line is given in pieces of about this size. The longest event, a measured step of all metrics in 10,000
// layers, has a quarter of it.
inline constexpr std::size_t kMaxLineBytes = 64 << 20;

// Reads the complete lines of a file from `offset` on and calls visit(line without newline, the line's offset) until
// that returns false or no complete line is left. `offset` is then where the next line begins. Internal when the file
// cannot be read.
absl::Status ReadLines(int fd, std::uint64_t& offset,
                       const std::function<bool(std::string_view line, std::uint64_t line_offset)>& visit);

}  // namespace ofsweep
