#include "trainer/model_shape.h"

#include <stdexcept>
#include <string>

namespace ofsweep {
namespace {

[[noreturn]] void Unknown(std::string_view key, const std::string& value) {
  throw std::logic_error(std::string(key) + ": the trainer does not know \"" + value + "\"");
}

NormKind NormOf(const TrialConfig& config, std::string_view key) {
  const std::string& text = config.Text(key);
  if (text == "none") return NormKind::kNone;
  if (text == "layer_norm") return NormKind::kLayer;
  if (text == "rms_norm") return NormKind::kRms;
  if (text == "srms_norm") return NormKind::kSrms;
  Unknown(key, text);
}

BlockKind BlockOf(const TrialConfig& config) {
  const std::string& text = config.Text("model.block");
  if (text == "pre_norm") return BlockKind::kPreNorm;
  if (text == "post_norm") return BlockKind::kPostNorm;
  if (text == "op") return BlockKind::kOutlierProtected;
  Unknown("model.block", text);
}

Activation ActivationOf(const TrialConfig& config) {
  const std::string& text = config.Text("model.activation");
  if (text == "relu") return Activation::kRelu;
  if (text == "gelu") return Activation::kGelu;
  Unknown("model.activation", text);
}

Positions PositionsOf(const TrialConfig& config) {
  const std::string& text = config.Text("model.positions");
  if (text == "learned") return Positions::kLearned;
  if (text == "rotary") return Positions::kRotary;
  if (text == "none") return Positions::kNone;
  Unknown("model.positions", text);
}

Biases BiasesOf(const TrialConfig& config) {
  const std::string& text = config.Text("model.bias");
  if (text == "none") return Biases::kNone;
  if (text == "qk") return Biases::kQueryKey;
  if (text == "all") return Biases::kAll;
  Unknown("model.bias", text);
}

}  // namespace

ModelShape ModelShapeOf(const TrialConfig& config) {
  ModelShape shape;
  shape.block = BlockOf(config);
  shape.layers = config.Integer("model.layers");
  shape.width = config.Integer("model.width");
  shape.heads = config.Integer("model.heads");
  shape.context = config.Integer("model.context");
  shape.ffn_width = config.Integer("model.ffn_width");
  shape.vocabulary = config.Integer("model.vocabulary");
  shape.norm = NormOf(config, "model.norm");
  shape.norm_epsilon = config.Number("model.norm_epsilon");
  shape.activation = ActivationOf(config);
  shape.positions = PositionsOf(config);
  shape.biases = BiasesOf(config);
  shape.tie_embeddings = config.Boolean("model.tie_embeddings");
  shape.final_norm = NormOf(config, "model.final_norm");
  shape.embedding_norm = NormOf(config, "model.embedding_norm");
  const std::string& regulation = config.Text("model.entropy_regulation");
  shape.qk_norm = regulation == "qk_norm" || regulation == "qk_norm_tanh";
  shape.tanh_cap = regulation == "tanh" || regulation == "qk_norm_tanh";
  shape.residual_scale = config.Number("model.residual_scale");
  shape.residual_scale_trainable = config.Boolean("model.residual_scale_trainable");
  shape.init_std = config.Number("model.init_std");
  shape.dropout = config.Number("model.dropout");
  return shape;
}

}  // namespace ofsweep
