#include "trainer/parameter_factory.h"

#include "trainer/initial_weights.h"

namespace ofsweep {

at::Tensor ParameterFactory::Normal(const std::string& name, at::IntArrayRef shape) {
  at::Tensor value = at::zeros(shape, dtype_ == at::kDouble ? at::kDouble : at::kFloat);
  if (init_std_ != 0) FillNormal(value, seed_, name, init_std_);
  return Add(name, value);
}

at::Tensor ParameterFactory::Constant(const std::string& name, std::int64_t size, double value) {
  return Add(name, at::full({size}, value, at::kDouble));
}

at::Tensor ParameterFactory::Add(const std::string& name, const at::Tensor& value) {
  const at::Tensor parameter = value.to(device_, dtype_).requires_grad_(true);
  // Sums over micro-batches and the clipping factor would be rounded in bfloat16.
  if (dtype_ == at::kBFloat16) parameter.set_grad_dtype(at::kFloat);
  parameters_.push_back({name, parameter});
  return parameter;
}

Linear::Linear(ParameterFactory& parameters, const std::string& name, std::int64_t in, std::int64_t out, bool with_bias)
    : weight(parameters.Normal(name + ".weight", {out, in})) {
  if (with_bias) bias = parameters.Constant(name + ".bias", out, 0);
}

}  // namespace ofsweep
