#include "trainer/norm.h"

namespace ofsweep {

Norm::Norm(ParameterFactory& parameters, const std::string& name, NormKind kind, std::int64_t width, double epsilon)
    : kind_(kind), width_(width), epsilon_(epsilon) {
  if (kind != NormKind::kSrms) gain_ = parameters.Constant(name + ".weight", width, 1);
  // at::rms_norm differentiates only with a gain.
  if (kind == NormKind::kSrms) gain_ = at::ones({width}, parameters.Options());
  if (kind == NormKind::kLayer) bias_ = parameters.Constant(name + ".bias", width, 0);
}

at::Tensor Norm::operator()(const at::Tensor& x) const {
  if (kind_ == NormKind::kLayer) return at::layer_norm(x, {width_}, gain_, bias_, epsilon_);
  return at::rms_norm(x, {width_}, gain_, epsilon_);
}

}  // namespace ofsweep
