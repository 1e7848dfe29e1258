// Compiled with -O3 (CMakeLists.txt): at -O2 GCC leaves a loop over a width it does not know unvectorised, five times
// as slow.

#include "trainer/column_kernel.h"

#include <cmath>

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

}  // namespace ofsweep
