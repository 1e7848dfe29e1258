#include "trainer/quantizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ofsweep {
namespace {

constexpr int kCandidates = 100;
constexpr double kSearchMargin = 0.5;
constexpr double kTailFraction = 1e-5;  // below percentile 0.001 and above 99.999
constexpr double kMomentum = 0.9;
constexpr float kLeastDelta = 1e-8f;

// A float32 scalar on the device of `x`, so that the arithmetic is float32 throughout.
at::Tensor Scalar32(double value, const at::Tensor& x) {
  return at::full({}, value, at::TensorOptions(x.device()).dtype(at::kFloat));
}

at::Tensor Round32(const at::Tensor& x, double delta) {
  return (x.to(at::kFloat) / Scalar32(delta, x)).round();
}

// The value at position q·(n−1) counted from the smallest (or the largest) of n values, linear between neighbours.
double TailQuantile(const at::Tensor& flat, double q, bool from_largest) {
  const double position = q * static_cast<double>(flat.numel() - 1);
  const auto index = static_cast<std::int64_t>(position);
  const std::int64_t needed = std::min(index + 2, flat.numel());
  const at::Tensor tail = std::get<0>(flat.topk(needed, 0, from_largest)).to(at::kDouble).cpu();
  const double here = tail[index].item<double>();
  const double next = tail[needed - 1].item<double>();
  return here + (next - here) * (position - static_cast<double>(index));
}

// Sets delta and zero_point from low and high.
void FitGrid(ActivationGrid& grid) {
  const double low = std::min(grid.low, 0.0);
  const double high = std::max(grid.high, 1e-8);
  grid.delta = (high - low) / 255;
  const double zero = std::nearbyint(-low / grid.delta);
  grid.zero_point = zero > 0 ? static_cast<int>(std::min(zero, 255.0)) : 0;
}

}  // namespace

at::Tensor WeightGrid::Levels(const at::Tensor& x) const {
  return Round32(x, delta).clamp(with_sign ? -128 : 0, with_sign ? 127 : 255);
}

at::Tensor WeightGrid::FakeQuantised(const at::Tensor& x) const {
  return Levels(x) * Scalar32(delta, x);
}

WeightGrid SearchWeightGrid(const at::Tensor& weight) {
  const at::NoGradGuard no_grad;
  const at::Tensor w = weight.detach().to(at::kFloat);
  const float range = w.abs().max().item<float>() + static_cast<float>(kSearchMargin);
  const bool with_sign = w.lt(0).any().item<bool>();
  WeightGrid best;
  double best_error = std::numeric_limits<double>::infinity();
  for (int candidate = 1; candidate <= kCandidates; ++candidate) {
    const auto threshold = static_cast<float>(static_cast<double>(range) * candidate / kCandidates);
    WeightGrid grid{range, candidate, threshold, threshold / (with_sign ? 127.0f : 255.0f), with_sign};
    const double error = (w - grid.FakeQuantised(w)).square().sum(at::kDouble).item<double>();
    if (candidate > 1 && !(error < best_error)) continue;
    best = grid;
    best_error = error;
  }
  return best;
}

at::Tensor ActivationGrid::Levels(const at::Tensor& x) const {
  const double step = std::max(static_cast<float>(delta), kLeastDelta);
  return (Round32(x, step) + zero_point).clamp(0, 255);
}

at::Tensor ActivationGrid::FakeQuantised(const at::Tensor& x) const {
  const double step = std::max(static_cast<float>(delta), kLeastDelta);
  return (Levels(x) - zero_point) * Scalar32(step, x);
}

void RangeEstimator::Observe(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  const at::Tensor flat = x.detach().to(at::kFloat).reshape({-1});
  const double low = TailQuantile(flat, kTailFraction, false);
  const double high = TailQuantile(flat, kTailFraction, true);
  grid_.low = observed_ ? (1 - kMomentum) * low + kMomentum * grid_.low : low;
  grid_.high = observed_ ? (1 - kMomentum) * high + kMomentum * grid_.high : high;
  observed_ = true;
  FitGrid(grid_);
}

}  // namespace ofsweep
