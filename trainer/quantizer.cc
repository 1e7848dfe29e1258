#include "trainer/quantizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace ofsweep {
namespace {

constexpr int kCandidates = 100;
constexpr double kSearchMargin = 0.5;
constexpr double kTailFraction = 1e-5;  // below percentile 0.001 and above 99.999
constexpr double kMomentum = 0.9;
constexpr float kLeastDelta = 1e-8f;
constexpr std::int64_t kRowElements = 512;
constexpr std::int64_t kCacheElements = 1 << 15;  // float32 values that a core keeps close

// A float32 scalar on the device of `x`, so that the arithmetic is float32 throughout.
at::Tensor Scalar32(double value, const at::Tensor& x) {
  return at::full({}, value, at::TensorOptions(x.device()).dtype(at::kFloat));
}

// round(x/δ) in float32, a tensor of its own that the caller may write on.
at::Tensor Round32(const at::Tensor& x, double delta) {
  return (x.to(at::kFloat) / Scalar32(delta, x)).round_();
}

// The `count` smallest (or largest) values of a tensor [n], in order. They all lie in those rows of a matrix whose own
// smallest (largest) values come first, so that one pass finds the rows and only they are sorted.
at::Tensor Tail(const at::Tensor& flat, std::int64_t count, bool largest) {
  const std::int64_t rows = flat.numel() / kRowElements;
  if (rows <= count) return std::get<0>(flat.topk(count, 0, largest));
  const at::Tensor matrix = flat.narrow(0, 0, rows * kRowElements).view({rows, kRowElements});
  const at::Tensor extremes = largest ? matrix.amax(1) : matrix.amin(1);
  const at::Tensor chosen = matrix.index_select(0, std::get<1>(extremes.topk(count, 0, largest)));
  const at::Tensor rest = flat.narrow(0, rows * kRowElements, flat.numel() - rows * kRowElements);
  return std::get<0>(at::cat({chosen.view({-1}), rest}).topk(count, 0, largest));
}

// The value at position q·(n−1) counted from the smallest (or the largest) of n values, linear between neighbours.
double TailQuantile(const at::Tensor& flat, double q, bool from_largest) {
  const double position = q * static_cast<double>(flat.numel() - 1);
  const auto index = static_cast<std::int64_t>(position);
  const std::int64_t needed = std::min(index + 2, flat.numel());
  const at::Tensor tail = Tail(flat, needed, from_largest).to(at::kDouble).cpu();
  const double here = tail[index].item<double>();
  const double next = tail[needed - 1].item<double>();
  return here + (next - here) * (position - static_cast<double>(index));
}

// Σ(w − Q(w))² over the pieces of w; once it has reached `enough` the rest is left out. `scratch` has the size of the
// first piece.
double SquaredError(const WeightGrid& grid, const std::vector<at::Tensor>& pieces, at::Tensor& scratch, double enough) {
  double error = 0;
  for (const at::Tensor& w : pieces) {
    at::Tensor rounded = scratch.narrow(0, 0, w.numel());
    const at::Tensor delta = Scalar32(grid.delta, w);
    at::div_out(rounded, w, delta).round_().clamp_(grid.LeastLevel(), grid.LargestLevel()).mul_(delta);
    error += rounded.sub_(w).square_().sum(at::kDouble).item<double>();
    if (error >= enough) break;
  }
  return error;
}

// Sets delta and zero_point from low and high.
void FitGrid(ActivationGrid& grid) {
  const double low = std::min(grid.low, 0.0);
  const double high = std::max(grid.high, 1e-8);
  grid.delta = (high - low) / grid.LargestLevel();
  const double zero = std::nearbyint(-low / grid.delta);
  grid.zero_point = zero > 0 ? static_cast<int>(std::min<double>(zero, grid.LargestLevel())) : 0;
}

}  // namespace

at::Tensor WeightGrid::Levels(const at::Tensor& x) const {
  return Round32(x, delta).clamp_(LeastLevel(), LargestLevel());
}

at::Tensor WeightGrid::FakeQuantised(const at::Tensor& x) const {
  return Levels(x).mul_(Scalar32(delta, x));
}

WeightGrid SearchWeightGrid(const at::Tensor& weight, int bits) {
  const at::NoGradGuard no_grad;
  const at::Tensor w = weight.detach().to(at::kFloat).reshape({-1});
  const float range = w.abs().max().item<float>() + static_cast<float>(kSearchMargin);
  const bool with_sign = w.lt(0).any().item<bool>();
  const std::vector<at::Tensor> pieces = w.split(w.is_cpu() ? kCacheElements : w.numel());
  at::Tensor scratch = at::empty_like(pieces.front());
  WeightGrid best;
  double best_error = std::numeric_limits<double>::infinity();
  for (int candidate = 1; candidate <= kCandidates; ++candidate) {
    const auto threshold = static_cast<float>(static_cast<double>(range) * candidate / kCandidates);
    WeightGrid grid{bits, range, candidate, threshold, 0, with_sign};
    grid.delta = threshold / static_cast<float>(grid.LargestLevel());
    const double error = SquaredError(grid, pieces, scratch, best_error);
    if (candidate > 1 && !(error < best_error)) continue;
    best = grid;
    best_error = error;
  }
  return best;
}

at::Tensor ActivationGrid::Levels(const at::Tensor& x) const {
  const double step = std::max(static_cast<float>(delta), kLeastDelta);
  return Round32(x, step).add_(zero_point).clamp_(0, LargestLevel());
}

at::Tensor ActivationGrid::FakeQuantised(const at::Tensor& x) const {
  const double step = std::max(static_cast<float>(delta), kLeastDelta);
  return Levels(x).sub_(zero_point).mul_(Scalar32(step, x));
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
