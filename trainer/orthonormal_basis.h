#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// The orthonormal factor Q of a = Q·R for each a of [B, n, n], up to the signs of its columns. float32 tries the
// Cholesky factor of the normalised columns' Gram matrix first (Yamamoto et al., "Roundoff error analysis of the
// CholeskyQR2 algorithm", 2015), which is products for the most part, and takes Householder's reflections where that
// is not orthonormal to rounding. `a` is overwritten.
at::Tensor OrthonormalBasis(at::Tensor a);

}  // namespace ofsweep
