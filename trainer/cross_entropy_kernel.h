#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// Whether CrossEntropyKernel takes these logits: bfloat16, on a GPU that knows bfloat16.
bool HasCrossEntropyKernel(const at::Tensor& logits);

// The cross entropy of each row, float32 [n], of logits bfloat16 [n, V], contiguous, against targets int64 [n]: two
// passes over a row, the second mostly from the GPU's cache. With `differentiate` the logits become the gradient of the
// sum, softmax − one-hot.
at::Tensor CrossEntropyKernel(const at::Tensor& logits, const at::Tensor& targets, bool differentiate);

}  // namespace ofsweep
