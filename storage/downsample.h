#pragma once

#include <cstdint>

#include "storage/store.h"

namespace ofsweep {

// Cuts the curve's range of steps into `buckets` equal parts and keeps of each its last, smallest and largest point and
// its first NaN, so that neither a peak nor the step of a divergence is lost. ±Inf are the smallest and largest of all.
// With `peaks` it keeps the largest value alone, at the part's last step: NaN where there is nothing else. A curve of
// at most `buckets` points is left as it is. Steps must ascend; buckets > 0.
void Downsample(Curve& curve, std::uint32_t buckets, bool peaks = false);

}  // namespace ofsweep
