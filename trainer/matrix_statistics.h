#pragma once

#include <string>
#include <utility>
#include <vector>

#include "trainer/torch.h"

namespace ofsweep {

// Every metric of measure.metrics that is one of a single matrix X [n tokens, d neurons], by name (SiteMetrics in
// site_statistics.h defines them), in float64 for float64 input and in float32 otherwise. Besides them
// mmr_uncentred and mmr_uncentred_left_out, the same as mmr and mmr_left_out of X as it is.
std::vector<std::pair<std::string, double>> MeasureMatrix(const at::Tensor& x);

}  // namespace ofsweep
