#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ofsweep {

// How two arms differ that were trained with the same seeds: of each seed the one's value less the other's.
struct PairedDifference {
  std::uint32_t pairs = 0;
  std::optional<double> mean;  // none for no pair
  // Of the mean: 95 %, by the percentile bootstrap over seeds (Efron 1979), 10,000 draws of a fixed generator; none for
  // fewer than 2 pairs.
  std::optional<double> low;
  std::optional<double> high;
  // Two-sided, of the hypothesis that the sign of each difference is chance (Fisher's paired permutation test): exact
  // up to 12 pairs, else of 10,000 drawn permutations. None for fewer than 6, which cannot come below 0.05: 2 / 2^5.
  std::optional<double> p;
};

// All finite.
PairedDifference ComparePairs(std::span<const double> differences);

// The p values of a family of tests, so adjusted that none of them is below 0.05 by chance in more than 5 % of such
// families (Holm 1979). In their order.
std::vector<double> AdjustHolm(std::span<const double> p_values);

// NaN where a value is NaN. `values` is not empty.
double Median(std::vector<double> values);

// exp of the mean logarithm. None where a value is not positive.
std::optional<double> GeometricMean(std::span<const double> values);

}  // namespace ofsweep
