#include "trainer/statistic_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "trainer/statistic_kernels.h"

namespace ofsweep {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kBlockRows = 64;  // summed in the precision of x; blocks are summed in float64

template <typename T>
ColumnSums SumColumnsOnCpu(const at::Tensor& x) {
  const std::int64_t width = x.size(1);
  at::Tensor squares = at::zeros({width}, at::kDouble);
  auto* const totals = squares.mutable_data_ptr<double>();
  std::vector<T> block(width);
  std::vector<T> largest(width);
  for (std::int64_t row = 0; row < x.size(0); row += kBlockRows) {
    std::fill(block.begin(), block.end(), T{0});
    const std::int64_t rows = std::min(kBlockRows, x.size(0) - row);
    AddToColumns(x.const_data_ptr<T>() + row * width, rows, width, block.data(), largest.data());
    for (std::int64_t column = 0; column < width; ++column) totals[column] += block[column];
  }
  const bool has_nan = std::any_of(totals, totals + width, [](double total) { return std::isnan(total); });
  const double max = has_nan ? kNan : static_cast<double>(*std::max_element(largest.begin(), largest.end()));
  return {squares, at::scalar_tensor(max, at::kDouble)};
}

}  // namespace

at::Tensor Widen(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

ColumnSums SumColumns(const at::Tensor& x) {
  if (!x.is_cpu()) return SumColumnsByReductions(x);
  const at::Tensor wide = Widen(x).contiguous();
  return wide.scalar_type() == at::kDouble ? SumColumnsOnCpu<double>(wide) : SumColumnsOnCpu<float>(wide);
}

ColumnSums SumColumnsByReductions(const at::Tensor& x) {
  const at::ScalarType precision = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor norms = at::linalg_vector_norm(x, 2, at::IntArrayRef{0}, false, precision);
  const at::Tensor largest = at::linalg_vector_norm(x, std::numeric_limits<double>::infinity());
  return {norms.to(at::kDouble).square(), largest.to(at::kDouble)};
}

at::Tensor KurtosisOf(const at::Tensor& squares) {
  return squares.square().mean(-1) / squares.mean(-1).square();
}

at::Tensor CentreTokens(const at::Tensor& x) {
  return x - x.mean(-1, true);
}

TokenRatio MaxOverMedian(const at::Tensor& x) {
  at::Tensor largest, median;
  if (x.is_cpu() && x.scalar_type() == at::kFloat) {
    largest = at::empty({x.size(0)}, x.options());
    median = at::empty_like(largest);
    MaxAndMedianOfRows(x.contiguous().const_data_ptr<float>(), x.size(0), x.size(1), largest.mutable_data_ptr<float>(),
                       median.mutable_data_ptr<float>());
  } else {
    // A GPU sorts rows in half the time that at::median takes. NaN comes last.
    const at::Tensor ascending = std::get<0>(x.abs().sort(-1));
    largest = ascending.select(-1, x.size(1) - 1);
    median = ascending.select(-1, (x.size(1) - 1) / 2).masked_fill(largest.isnan(), kNan);
  }
  const at::Tensor left_out = median == 0;
  return {(largest / median).masked_fill(left_out, 0).sum(at::kDouble), left_out.logical_not().sum()};
}

at::Tensor CountMassive(const at::Tensor& x) {
  const at::Tensor magnitude = x.abs();
  return magnitude.gt(100).logical_and(magnitude.ge(1000 * magnitude.flatten().median())).sum();
}

at::Tensor FeatureCorrelationRms(const at::Tensor& gram, const at::Tensor& squares) {
  const auto d = static_cast<double>(gram.size(0));
  const at::Tensor off_diagonal = gram - gram.diagonal().diag();
  return (off_diagonal.square().sum() / (d * (d - 1))).sqrt() * d / squares;
}

at::Tensor TokenCorrelationMean(std::int64_t n, const at::Tensor& total, const at::Tensor& squares) {
  if (n < 2) return at::full_like(squares, kNan);
  return (total.square().sum() - squares) / (static_cast<double>(n - 1) * squares);
}

at::Tensor TokenCorrelationRms(std::int64_t n, const at::Tensor& gram, const at::Tensor& squares,
                               const at::Tensor& fourths) {
  if (n < 2) return at::full_like(squares, kNan);
  const double ratio = static_cast<double>(n) / static_cast<double>(n - 1);
  // Rounding may take the difference below 0; clamp leaves a NaN as it is.
  return ((gram.square().sum() - fourths).clamp_min(0) * ratio).sqrt() / squares;
}

}  // namespace ofsweep
