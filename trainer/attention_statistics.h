#pragma once

#include <string_view>

#include "trainer/torch.h"

namespace ofsweep {

// Sums over the attention maps of one layer; how a batch is cut does not change what follows from them. Nothing waits
// for a GPU.
class AttentionSums {
 public:
  // Maps A [sequences, heads, queries, keys] of some sequences, as the softmax gives them.
  void Add(const at::Tensor& maps);

  // −Σ A log A over the keys in nats (0·log 0 = 0), mean over the rest; NaN if a row is NaN. A float64 scalar.
  at::Tensor Entropy() const { return -entropy_ / static_cast<double>(rows_); }
  // Mean over (sequence, head) of [mean over all queries of the attention to the first key > 0.3]; a NaN is not > 0.3.
  at::Tensor SinkRate() const { return sinks_ / static_cast<double>(heads_); }

 private:
  at::Tensor entropy_;  // Σ A log A
  at::Tensor sinks_;    // heads that attend to the first key
  std::int64_t rows_ = 0;
  std::int64_t heads_ = 0;
};

// A metric of measure.metrics that is taken of attention maps.
struct AttentionMetric {
  std::string_view name;
  at::Tensor (AttentionSums::*value)() const;
};

inline constexpr AttentionMetric kAttentionMetrics[] = {
    {"attention_entropy", &AttentionSums::Entropy},
    {"sink_rate", &AttentionSums::SinkRate},
};

}  // namespace ofsweep
