#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// The columns of `power` = GG·Q made orthogonal, as the QR decomposition makes them, up to their signs: a step of the
// power iteration for the eigenvectors of a positive semi-definite GG from the orthogonal `basis` Q. All are [B, n, n].
// Householder's reflections on a CPU and in float64, else CholeskyQrColumns.
at::Tensor OrthogonalColumns(const at::Tensor& power, const at::Tensor& basis);

// The same by CholeskyQR of the normalised columns in float64 (arXiv 1401.5171), whose products fill a GPU where
// reflections wait for each other: one pass, or two where the first leaves |QᵀQ − I| above float32's rounding. Adds to
// GG the multiple of I that float32 rounds away beside its largest eigenvalue, so that columns of eigenvalue 0 stay
// apart. A batch for which that does not do (NaN, GG = 0) is left to Householder's.
at::Tensor CholeskyQrColumns(const at::Tensor& power, const at::Tensor& basis);

}  // namespace ofsweep
