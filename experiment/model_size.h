#pragma once

#include <cstdint>
#include <vector>

#include "experiment/trial_config.h"

namespace ofsweep {

// Tensors of one shape among a model's parameters.
struct ParameterShape {
  std::int64_t count = 0;    // how many tensors
  std::int64_t rows = 0;     // [rows, columns], or a vector of `rows`
  std::int64_t columns = 0;  // 0: a vector

  bool IsMatrix() const { return columns > 0; }
  std::int64_t Elements() const { return rows * (IsMatrix() ? columns : 1); }
};

// The parameters of the trainer's decoder, each shape once, in the order of their first appearance. `config` must be
// resolved and its model.vocabulary known; throws std::logic_error otherwise.
std::vector<ParameterShape> ParameterShapes(const TrialConfig& config);

// All of them: embeddings and, where untied, the head included.
std::int64_t ParameterCount(const TrialConfig& config);

// Of the forward and the backward pass for one token: 6·N + 12·L·d·T, with N all parameters, L blocks, width d and
// context T (Chowdhery et al., arXiv 2204.02311, appendix B, without leaving out the embedding, which is the head where
// tied). Attention counts as if it were not causal; the optimiser is not counted.
double FlopsPerToken(const TrialConfig& config);

// Tokens that the trial trains on.
std::int64_t TrainingTokens(const TrialConfig& config);

}  // namespace ofsweep
