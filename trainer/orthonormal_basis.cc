#include "trainer/orthonormal_basis.h"

#include <limits>
#include <utility>

#include "trainer/symmetric_product.h"

namespace ofsweep {
namespace {

// Largest ‖QᵀQ·x − x‖ / ‖x‖ that passes for rounding; Householder's Q has a third of it.
constexpr double kTolerance = 3e-6;

// Whether each Q [B, n, n] is orthonormal, by some fixed vectors: ‖(QᵀQ − I)·x‖ of random x is an unbiased estimate of
// the Frobenius norm, for far less than QᵀQ costs. False where Q is not finite.
at::Tensor AreOrthonormal(const at::Tensor& q) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(0);
  const at::Tensor x =
      at::randn({1, q.size(2), 8}, generator, q.options().device(at::kCPU)).to(q.device()).expand({q.size(0), -1, -1});
  const at::Tensor error = at::bmm(q.transpose(1, 2), at::bmm(q, x)) - x;
  return error.norm(2, {1, 2}) <= kTolerance * x.norm(2, {1, 2});
}

}  // namespace

at::Tensor OrthonormalBasis(at::Tensor a) {
  if (a.scalar_type() != at::kFloat) return std::get<0>(at::linalg_qr(a));
  a.div_(a.norm(2, {1}, true).clamp_min_(std::numeric_limits<float>::min()));
  at::Tensor gram = at::empty_like(a);
  AddSymmetricProduct(gram, a.transpose(1, 2), 0, 1);
  const auto [factor, info] = at::linalg_cholesky_ex(std::exchange(gram, {}), /*upper=*/true);
  at::Tensor basis = at::linalg_solve_triangular(factor, a, /*upper=*/true, /*left=*/false);
  const at::Tensor orthonormal = AreOrthonormal(basis).logical_and_(info == 0).cpu();
  for (std::int64_t i = 0; i < a.size(0); ++i) {
    if (!orthonormal[i].item<bool>()) basis[i].copy_(std::get<0>(at::linalg_qr(a[i])));
  }
  return basis;
}

}  // namespace ofsweep
