#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// The pieces that statistics of one matrix and of a whole batch share. All stay on the device of their input.

// From per-neuron sums or means of squares [d] to the kurtosis, a float64 scalar.
at::Tensor KurtosisOf(const at::Tensor& squares);

// x [..., d] minus each token's mean over the width.
at::Tensor CentreTokens(const at::Tensor& x);

// Sum over tokens of max|x| / lower median|x|, and how many tokens have a median other than 0.
struct TokenRatio {
  at::Tensor sum;    // float64 scalar
  at::Tensor count;  // int64 scalar
};
TokenRatio MaxOverMedian(const at::Tensor& x);

}  // namespace ofsweep
