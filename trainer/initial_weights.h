#pragma once

#include <cstdint>
#include <string_view>

#include "trainer/torch.h"

namespace ofsweep {

// Fills a CPU tensor (float32 or float64) with N(0, std²). Element i depends on (seed, name, i) alone: the same
// parameter starts alike in every arm of a sweep, and a wider vocabulary only adds rows.
void FillNormal(at::Tensor& tensor, std::uint64_t seed, std::string_view name, double std);

}  // namespace ofsweep
