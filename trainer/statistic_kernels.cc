// Compiled with -O3 (CMakeLists.txt): at -O2 GCC leaves a loop over a width it does not know unvectorised, five times
// as slow.

#include "trainer/statistic_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace ofsweep {
namespace {

template <typename T>
void AddBlock(const T* x, std::int64_t rows, std::int64_t width, T* __restrict squares, T* __restrict largest) {
  for (std::int64_t row = 0; row < rows; ++row, x += width) {
    for (std::int64_t column = 0; column < width; ++column) {
      const T magnitude = std::abs(x[column]);
      squares[column] += magnitude * magnitude;
      largest[column] = magnitude > largest[column] ? magnitude : largest[column];
    }
  }
}

}  // namespace

void AddToColumns(const float* x, std::int64_t rows, std::int64_t width, float* squares, float* largest) {
  AddBlock(x, rows, width, squares, largest);
}

void AddToColumns(const double* x, std::int64_t rows, std::int64_t width, double* squares, double* largest) {
  AddBlock(x, rows, width, squares, largest);
}

// Magnitudes are ordered as their bits are, read as integers; a NaN is above infinity.
void MaxAndMedianOfRows(const float* x, std::int64_t rows, std::int64_t width, float* largest, float* median) {
  const auto rank = static_cast<std::int32_t>((width - 1) / 2);
  std::vector<std::int32_t> magnitudes(width);
  for (std::int64_t row = 0; row < rows; ++row, x += width) {
    std::int32_t top = 0;
    for (std::int64_t column = 0; column < width; ++column) {
      magnitudes[column] = std::bit_cast<std::int32_t>(x[column]) & 0x7fffffff;
      top = std::max(top, magnitudes[column]);
    }
    // The median is the largest value that at most `rank` magnitudes lie below: found bit by bit, without a branch.
    std::int32_t value = 0;
    for (int bit = 30; bit >= 0; --bit) {
      const std::int32_t candidate = value | (1 << bit);
      std::int32_t below = 0;
      for (std::int64_t column = 0; column < width; ++column) below += magnitudes[column] < candidate ? 1 : 0;
      if (below <= rank) value = candidate;
    }
    largest[row] = std::bit_cast<float>(top);
    median[row] = std::isnan(largest[row]) ? largest[row] : std::bit_cast<float>(value);
  }
}

}  // namespace ofsweep
