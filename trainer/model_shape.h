#pragma once

#include <cstdint>

#include "experiment/trial_config.h"

namespace ofsweep {

enum class BlockKind { kPreNorm, kPostNorm, kOutlierProtected };
enum class NormKind { kNone, kLayer, kRms, kSrms };  // kSrms is RMSNorm without gain
enum class Activation { kRelu, kGelu };
enum class Positions { kLearned, kRotary, kNone };
enum class Biases { kNone, kQueryKey, kAll };

// The model keys of a trial, typed.
struct ModelShape {
  BlockKind block = BlockKind::kPreNorm;
  std::int64_t layers = 0;
  std::int64_t width = 0;
  std::int64_t heads = 0;
  std::int64_t context = 0;
  std::int64_t ffn_width = 0;
  std::int64_t vocabulary = 0;
  NormKind norm = NormKind::kLayer;
  double norm_epsilon = 1e-5;
  Activation activation = Activation::kRelu;
  Positions positions = Positions::kLearned;
  Biases biases = Biases::kNone;
  bool tie_embeddings = true;
  NormKind final_norm = NormKind::kLayer;
  NormKind embedding_norm = NormKind::kNone;
  bool qk_norm = false;   // per-head RMSNorm with gain on queries and keys
  bool tanh_cap = false;  // attention logits become 30·tanh(logits/30)
  double residual_scale = 1;
  bool residual_scale_trainable = false;
  double init_std = 0.02;
  double dropout = 0;  // on the embedding sum and the output of both branches

  std::int64_t HeadWidth() const { return width / heads; }
};

// `config` must be resolved and its model.vocabulary known; throws std::logic_error otherwise.
ModelShape ModelShapeOf(const TrialConfig& config);

}  // namespace ofsweep
