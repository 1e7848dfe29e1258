#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// relu(x·Wᵀ + b), differentiable once. x [B, T, in], weight [out, in], bias [out] or undefined. On a GPU the product
// writes what the ReLU leaves of it, without another pass.
at::Tensor LinearRelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace ofsweep
