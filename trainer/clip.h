#pragma once

#include <vector>

#include "trainer/named_tensor.h"

namespace ofsweep {

// The global L2 norm of all gradients, float32 or float64, before clipping (a scalar tensor on their device), after
// scaling the gradients in place by min(1, max_norm / (norm + 1e-6)). max_norm 0 only measures. A norm that is not
// finite scales by NaN or 0.
at::Tensor ClipGradientNorm(const std::vector<NamedTensor>& parameters, double max_norm);

}  // namespace ofsweep
