#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// Mean cross entropy (nats) of softmax(hidden·headᵀ) against `targets`, differentiable once in `hidden` and `head`.
// hidden [n, d], head [V, d], targets int64 [n]. The gradients are computed on the way forward, in row chunks, so that
// the logits are never kept and their softmax is taken once.
at::Tensor LinearCrossEntropy(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets);

}  // namespace ofsweep
