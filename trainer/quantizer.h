#pragma once

#include <cstdint>

#include "trainer/torch.h"

namespace ofsweep {

// Simulated quantisation as Bondarenko et al. (arXiv 2306.12929) do it in 8 bits, for b = 2 to 16 bits: one range per
// tensor, values rounded (half to even) to a grid of 2^b levels and back, in float32.

// The symmetric grid of a weight tensor.
struct WeightGrid {
  int bits = 8;
  double search_range = 0;  // R = max|w| + 0.5
  int candidate = 0;        // i of 1…100: the threshold is R·i/100
  double threshold = 0;
  double delta = 0;       // threshold / LargestLevel()
  bool with_sign = true;  // levels −2^(b−1) … 2^(b−1) − 1; where no weight is negative 0 … 2^b − 1

  int LeastLevel() const { return with_sign ? -(1 << (bits - 1)) : 0; }
  int LargestLevel() const { return with_sign ? (1 << (bits - 1)) - 1 : (1 << bits) - 1; }
  at::Tensor Levels(const at::Tensor& x) const;         // integers as float32
  at::Tensor FakeQuantised(const at::Tensor& x) const;  // δ·level
};

// The candidate with the least Σ(w − Q(w))², the first of equals. `weight` is taken as float32.
WeightGrid SearchWeightGrid(const at::Tensor& weight, int bits = 8);

// The asymmetric grid of an activation tensor. Low and high are the moving estimates; the grid also holds 0.
struct ActivationGrid {
  int bits = 8;
  double low = 0;
  double high = 0;
  double delta = 0;  // (max(high, 1e-8) − min(low, 0)) / LargestLevel()
  int zero_point = 0;

  int LargestLevel() const { return (1 << bits) - 1; }
  at::Tensor Levels(const at::Tensor& x) const;         // 0 … 2^b − 1 as float32
  at::Tensor FakeQuantised(const at::Tensor& x) const;  // δ·(level − zero point)
};

// Estimates the range of one tensor over calibration batches: percentiles 0.001 and 99.999 of each batch (over the
// whole tensor, linear between neighbours); the first sets the range, later ones enter with weight 0.1.
class RangeEstimator {
 public:
  explicit RangeEstimator(int bits = 8) : grid_{.bits = bits} {}

  void Observe(const at::Tensor& x);
  bool Observed() const { return observed_; }
  const ActivationGrid& Grid() const { return grid_; }

 private:
  bool observed_ = false;
  ActivationGrid grid_;
};

}  // namespace ofsweep
