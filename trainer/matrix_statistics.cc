#include "trainer/matrix_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "trainer/statistic_parts.h"

namespace ofsweep {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

at::Tensor Widen(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

double Sum(const at::Tensor& x) {
  return x.sum(at::kDouble).item<double>();
}

// X must be centred. One Gram of the neurons gives the correlations of the tokens too: the n×n matrix is never built.
void MeasureCorrelations(const at::Tensor& x, MatrixStatistics& out) {
  const auto n = static_cast<double>(x.size(0));
  const auto d = static_cast<double>(x.size(1));
  const at::Tensor gram = at::mm(x.t(), x).to(at::kDouble);
  const at::Tensor token_squares = x.square().sum(1, false, at::kDouble);
  const double mean_square = token_squares.sum().item<double>() / (n * d);
  const at::Tensor diagonal = gram.diagonal();
  const at::Tensor off_diagonal = gram - diagonal.diag();
  out.feature_corr_rms = std::sqrt(Sum(off_diagonal.square()) / (d * (d - 1))) / (n * mean_square);
  if (x.size(0) < 2) {
    out.token_corr_mean = out.token_corr_rms = kNan;
    return;
  }
  const double pairs = n * (n - 1);
  const double total_square = Sum(x.sum(0, false, at::kDouble).square());
  out.token_corr_mean = (total_square - Sum(token_squares)) / (pairs * d * mean_square);
  const double cross_square = Sum(gram.square()) - Sum(token_squares.square());
  const double mean = cross_square / (pairs * d * d * mean_square * mean_square);
  out.token_corr_rms = std::sqrt(mean < 0 ? 0 : mean);  // rounding may fall below 0; a NaN stays
}

std::int64_t CountMassive(const at::Tensor& x) {
  const at::Tensor magnitude = x.abs();
  const at::Tensor median = magnitude.flatten().median();
  return magnitude.gt(100).logical_and(magnitude.ge(1000 * median)).sum().item<std::int64_t>();
}

}  // namespace

at::Tensor KurtosisOf(const at::Tensor& squares) {
  const at::Tensor wide = squares.to(at::kDouble);
  return wide.square().mean() / wide.mean().square();
}

at::Tensor CentreTokens(const at::Tensor& x) {
  return x - x.mean(-1, true);
}

TokenRatio MaxOverMedian(const at::Tensor& x) {
  const at::Tensor magnitude = x.abs();
  const at::Tensor median = std::get<0>(magnitude.median(-1));
  const at::Tensor left_out = median == 0;
  const at::Tensor ratio = magnitude.amax(-1) / median;
  return {ratio.masked_fill(left_out, 0).sum(at::kDouble), left_out.logical_not().sum()};
}

MatrixStatistics MeasureMatrix(const at::Tensor& matrix) {
  const at::NoGradGuard no_grad;
  TORCH_CHECK(matrix.dim() == 2 && matrix.numel() > 0, "a matrix of tokens × neurons is needed, got ", matrix.sizes());
  const at::Tensor x = Widen(matrix.detach());
  const at::Tensor centred = CentreTokens(x);
  const std::int64_t tokens = x.size(0);
  MatrixStatistics out;
  const at::Tensor squares = x.square().sum(0, false, at::kDouble) / tokens;
  out.kurtosis = KurtosisOf(squares).item<double>();
  out.kurtosis_centred = KurtosisOf(centred.square().sum(0, false, at::kDouble) / tokens).item<double>();
  const TokenRatio ratio = MaxOverMedian(centred);
  out.mmr = (ratio.sum / ratio.count).item<double>();
  out.mmr_left_out = tokens - ratio.count.item<std::int64_t>();
  const TokenRatio uncentred = MaxOverMedian(x);
  out.mmr_uncentred = (uncentred.sum / uncentred.count).item<double>();
  out.mmr_uncentred_left_out = tokens - uncentred.count.item<std::int64_t>();
  out.rms = squares.mean().sqrt().item<double>();
  out.max_abs = x.abs().max().item<double>();
  MeasureCorrelations(centred, out);
  out.massive_activations = CountMassive(x);
  return out;
}

std::vector<std::pair<std::string, double>> NamedValues(const MatrixStatistics& statistics) {
  return {{"kurtosis", statistics.kurtosis},
          {"kurtosis_centred", statistics.kurtosis_centred},
          {"mmr", statistics.mmr},
          {"mmr_uncentred", statistics.mmr_uncentred},
          {"mmr_left_out", static_cast<double>(statistics.mmr_left_out)},
          {"mmr_uncentred_left_out", static_cast<double>(statistics.mmr_uncentred_left_out)},
          {"rms", statistics.rms},
          {"max_abs", statistics.max_abs},
          {"feature_corr_rms", statistics.feature_corr_rms},
          {"token_corr_mean", statistics.token_corr_mean},
          {"token_corr_rms", statistics.token_corr_rms},
          {"massive_activations", static_cast<double>(statistics.massive_activations)}};
}

double AttentionEntropy(const at::Tensor& attention) {
  const at::NoGradGuard no_grad;
  const at::Tensor a = Widen(attention.detach());
  return -at::xlogy(a, a).sum(-1, false, at::kDouble).mean().item<double>();
}

double SinkRate(const at::Tensor& attention) {
  const at::NoGradGuard no_grad;
  const at::Tensor to_first = Widen(attention.detach()).select(-1, 0).mean(-1);
  return to_first.gt(0.3).to(at::kDouble).mean().item<double>();
}

MomentTerms MeasureMomentTerms(const at::Tensor& x, const at::Tensor& step) {
  const at::NoGradGuard no_grad;
  const at::Tensor wide = Widen(x.detach());
  const at::Tensor delta = Widen(step.detach());
  const at::Tensor s2 = wide.square().mean(0, false, at::kDouble);
  const at::Tensor a = (wide * delta).mean(0, false, at::kDouble);
  const at::Tensor b = delta.square().mean(0, false, at::kDouble);
  const auto mean = [](const at::Tensor& value) { return value.mean().item<double>(); };
  return {{2 * mean(a), mean(b)},
          {4 * mean(s2 * a), mean(2 * s2 * b + 4 * a.square()), 4 * mean(a * b), mean(b.square())}};
}

}  // namespace ofsweep
