#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// gram ← beta·gram + alpha·x·xᵀ for gram [B, n, n] and x [B, n, m]; with beta 0 what was in gram does not matter. Only
// what is on and above the diagonal is sure to be written: large matrices on a CPU save nearly half of the work.
void AddSymmetricProduct(const at::Tensor& gram, const at::Tensor& x, double beta, double alpha);

// Copies what is above the diagonal of gram [B, n, n] below it, where AddSymmetricProduct left it out.
void CompleteSymmetric(const at::Tensor& gram);

}  // namespace ofsweep
