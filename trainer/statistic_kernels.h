#pragma once

#include <cstdint>

namespace ofsweep {

// Adds a row-major block [rows, width] to running values of its columns, both in one pass over x: squares[j] += Σ x²
// and largest[j] = max(largest[j], |x|). A NaN stays in the squares (no other value makes one) and is passed over by
// `largest`. For blocks of some dozens of rows: the sums are plain ones in T.
void AddToColumns(const float* x, std::int64_t rows, std::int64_t width, float* squares, float* largest);
void AddToColumns(const double* x, std::int64_t rows, std::int64_t width, double* squares, double* largest);

// Of every row of x [rows, width]: max |x| and the lower median of |x|, both NaN where the row holds a NaN. Three times
// as fast as at::median, which also looks for where the median is.
void MaxAndMedianOfRows(const float* x, std::int64_t rows, std::int64_t width, float* largest, float* median);

}  // namespace ofsweep
