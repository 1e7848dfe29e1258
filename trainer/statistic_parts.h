#pragma once

#include "trainer/torch.h"

namespace ofsweep {

// The pieces of the statistics of outlier features. All stay on the device of their input: nothing waits for a GPU.

// x in the precision that statistics are computed in: float64 as it is, all else as float32.
at::Tensor Widen(const at::Tensor& x);

// Sums over the tokens of x [n, d].
struct ColumnSums {
  at::Tensor squares;  // float64 [d]: Σ x² of each neuron
  at::Tensor largest;  // float64 scalar: max |x|, NaN where x holds one
};
// One pass over x on a CPU, two on a GPU, and no temporary of its size. Floating-point x of any precision.
ColumnSums SumColumns(const at::Tensor& x);
ColumnSums SumColumnsByReductions(const at::Tensor& x);  // the way of a GPU

// From sums or means of squares [..., d neurons] to kurtosis [...], float64.
at::Tensor KurtosisOf(const at::Tensor& squares);

// x [..., d] minus each token's mean over the width.
at::Tensor CentreTokens(const at::Tensor& x);

// Of x [n, d]: the sum over tokens of max|x| / lower median|x|, and how many tokens have a median other than 0.
struct TokenRatio {
  at::Tensor sum;    // float64 scalar
  at::Tensor count;  // int64 scalar
};
TokenRatio MaxOverMedian(const at::Tensor& x);

// How many values of x are > 100 and ≥ 1000 × the lower median of |x| (Sun et al., arXiv 2402.17762), int64 scalar.
// 0 where x holds a NaN: its median is one.
at::Tensor CountMassive(const at::Tensor& x);

// The correlations of n centred tokens x_i of d neurons over their global RMS, from sums alone (all float64):
// gram G = Σ x_i x_iᵀ [d, d], total = Σ x_i [d], squares = Σ r_i and fourths = Σ r_i² with r_i = ‖x_i‖². The n × n
// matrix of the tokens is never built. NaN for tokens that are all constant; the two of tokens also for n = 1.
at::Tensor FeatureCorrelationRms(const at::Tensor& gram, const at::Tensor& squares);
at::Tensor TokenCorrelationMean(std::int64_t n, const at::Tensor& total, const at::Tensor& squares);
at::Tensor TokenCorrelationRms(std::int64_t n, const at::Tensor& gram, const at::Tensor& squares,
                               const at::Tensor& fourths);

}  // namespace ofsweep
