#include "trainer/attention_statistics.h"

#include <limits>

#include "trainer/statistic_parts.h"

namespace ofsweep {

void AttentionSums::Add(const at::Tensor& maps) {
  const at::NoGradGuard no_grad;
  const at::Tensor a = Widen(maps.detach());
  // As at::xlogy(a, a), which works through one value at a time: 0 times a finite logarithm is 0 too.
  const double smallest = a.scalar_type() == at::kDouble ? std::numeric_limits<double>::min()
                                                         : static_cast<double>(std::numeric_limits<float>::min());
  const at::Tensor entropy = a.clamp_min(smallest).log_().mul_(a).sum(-1).sum(at::kDouble);
  const at::Tensor sinks = a.select(-1, 0).mean(-1).gt(0.3).sum().to(at::kDouble);
  entropy_ = entropy_.defined() ? entropy_ + entropy : entropy;
  sinks_ = sinks_.defined() ? sinks_ + sinks : sinks;
  rows_ += a.size(0) * a.size(1) * a.size(2);
  heads_ += a.size(0) * a.size(1);
}

}  // namespace ofsweep
