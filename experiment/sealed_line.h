#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ofsweep {

// A line of a file that shows when it is damaged, and when one before it is missing: a JSON object whose last members
// are `line`, its number, and `crc32`, the checksum (zlib's) of all that stands before that.
std::string SealLine(std::string json, std::uint64_t number);

// Its number; nothing where the line is not as SealLine made it.
std::optional<std::uint64_t> ReadSeal(std::string_view line);

}  // namespace ofsweep
