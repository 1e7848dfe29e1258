#include "trainer/orthogonal_columns.h"

#include <vector>

namespace ofsweep {
namespace {

constexpr int kPasses = 2;
constexpr double kFloat32Rounding = 1.0 / (1 << 24);
constexpr double kOrthogonal = 1e-7;  // the largest entry of |QᵀQ − I|; Householder's in float32 leave 5e-7

// Larger matrices fill a GPU one by one, and the batched factorisation is slower than one after the other.
constexpr std::int64_t kLargestInBatch = 1024;

at::Tensor HouseholderColumns(const at::Tensor& x) {
  return std::get<0>(at::linalg_qr(x));
}

at::Tensor ColumnsOfBatch(const at::Tensor& power, const at::Tensor& basis) {
  at::Tensor q = power.to(at::kDouble);
  const at::Tensor norms = at::linalg_vector_norm(q, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  q = q + kFloat32Rounding * norms.amax(2, true) * basis;
  q = q / at::linalg_vector_norm(q, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  const at::Tensor identity = at::eye(q.size(2), q.options());
  at::Tensor gram = at::bmm(q.transpose(1, 2), q);
  for (int pass = 0; pass < kPasses; ++pass) {
    // A factorisation that fails leaves columns that are not orthogonal, or NaN.
    const at::Tensor lower = std::get<0>(at::linalg_cholesky_ex(gram));
    q = at::linalg_solve_triangular(lower.transpose(1, 2), q, /*upper=*/true, /*left=*/false);
    gram = at::bmm(q.transpose(1, 2), q);
    if ((gram - identity).abs().max().item<double>() <= kOrthogonal) return q.to(power.scalar_type());
  }
  return HouseholderColumns(power);
}

}  // namespace

at::Tensor OrthogonalColumns(const at::Tensor& power, const at::Tensor& basis) {
  const bool householder = power.is_cpu() || power.scalar_type() == at::kDouble;
  return householder ? HouseholderColumns(power) : CholeskyQrColumns(power, basis);
}

at::Tensor CholeskyQrColumns(const at::Tensor& power, const at::Tensor& basis) {
  const std::int64_t together = power.size(2) > kLargestInBatch ? 1 : power.size(0);
  const auto powers = power.split(together), bases = basis.split(together);
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < powers.size(); ++i) parts.push_back(ColumnsOfBatch(powers[i], bases[i]));
  return at::cat(parts);
}

}  // namespace ofsweep
