#include "trainer/clip.h"

namespace ofsweep {

at::Tensor ClipGradientNorm(const std::vector<NamedTensor>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const NamedTensor& parameter : parameters) gradients.push_back(parameter.tensor.grad());
  const bool wide = gradients.front().scalar_type() == at::kDouble;
  const auto norms = at::_foreach_norm(gradients, 2, wide ? at::kDouble : at::kFloat);
  const at::Tensor norm = at::linalg_vector_norm(at::stack(norms));
  if (max_norm == 0) return norm;
  const at::Tensor factor = (max_norm / (norm + 1e-6)).clamp_max(1);
  // Reading the factor costs nothing on a CPU; on a GPU it would stop the queue of kernels.
  if (norm.device().is_cpu() && factor.item<double>() == 1) return norm;
  at::_foreach_mul_(gradients, factor);
  return norm;
}

}  // namespace ofsweep
