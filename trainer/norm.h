#pragma once

#include <string>

#include "trainer/model_shape.h"
#include "trainer/parameter_factory.h"

namespace ofsweep {

// LayerNorm; RMSNorm g·x/√(mean x² + eps); or SRMSNorm, the same without gain. Over the last dimension.
class Norm {
 public:
  // Parameters `name`.weight and, for LayerNorm, `name`.bias. `kind` must not be kNone.
  Norm(ParameterFactory& parameters, const std::string& name, NormKind kind, std::int64_t width, double epsilon);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  NormKind kind_;
  std::int64_t width_;
  double epsilon_;
  at::Tensor gain_;
  at::Tensor bias_;
};

}  // namespace ofsweep
