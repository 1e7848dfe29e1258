#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ofsweep {

// What gzip packed. InvalidArgument for what is no gzip; ResourceExhausted where it is longer than `max_bytes`, for a
// small message may unpack to more than the memory.
absl::StatusOr<std::string> Gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace ofsweep
