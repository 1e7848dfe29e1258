#include "trainer/decoder_block.h"

#include "absl/strings/str_cat.h"
#include "trainer/linear_relu.h"

namespace ofsweep {
namespace {

std::unique_ptr<Norm> MaybeNorm(ParameterFactory& parameters, const std::string& name, const ModelShape& shape,
                                bool wanted) {
  if (!wanted || shape.norm == NormKind::kNone) return nullptr;
  return std::make_unique<Norm>(parameters, name, shape.norm, shape.width, shape.norm_epsilon);
}

}  // namespace

DecoderBlock::DecoderBlock(ParameterFactory& parameters, const ModelShape& shape, int layer)
    : prefix_(absl::StrCat("blocks.", layer, ".")),
      layer_(layer),
      post_norm_(shape.block == BlockKind::kPostNorm),
      activation_(shape.activation),
      residual_scale_(shape.residual_scale),
      attention_norm_(MaybeNorm(parameters, prefix_ + "attn_norm", shape,
                                shape.block != BlockKind::kOutlierProtected || layer == 0)),
      attention_(parameters, prefix_, shape, layer),
      mlp_norm_(MaybeNorm(parameters, prefix_ + "mlp_norm", shape, shape.block != BlockKind::kOutlierProtected)),
      up_(parameters, prefix_ + "mlp.up", shape.width, shape.ffn_width, shape.biases == Biases::kAll),
      down_(parameters, prefix_ + "mlp.down", shape.ffn_width, shape.width, shape.biases == Biases::kAll) {
  if (shape.residual_scale_trainable) {
    trainable_scale_ = parameters.Constant(prefix_ + "residual_scale", 1, residual_scale_);
  }
}

at::Tensor DecoderBlock::operator()(at::Tensor h, const ForwardPass& pass) const {
  const auto attention_norm = [&](const at::Tensor& x) {
    return pass.Place(prefix_, "attn_norm.output", (*attention_norm_)(x));
  };
  const auto mlp_norm = [&](const at::Tensor& x) { return pass.Place(prefix_, "mlp_norm.output", (*mlp_norm_)(x)); };

  const bool attention_norm_first = attention_norm_ && !post_norm_;
  h = AddBranch(h, attention_(attention_norm_first ? attention_norm(h) : h, pass), pass);
  h = pass.Place(prefix_, "residual_attn", h);
  if (post_norm_) h = attention_norm(h);

  const bool mlp_norm_first = mlp_norm_ && !post_norm_;
  h = AddBranch(h, Mlp(mlp_norm_first ? mlp_norm(h) : h, pass), pass);
  h = pass.Place(prefix_, "residual_mlp", h);
  if (post_norm_) {
    if (pass.sites != nullptr) pass.sites->OnSite("residual", layer_, h);
    h = mlp_norm(h);
  }
  if (pass.sites != nullptr) pass.sites->OnSite("block", layer_, h);
  return h;
}

at::Tensor DecoderBlock::Mlp(const at::Tensor& x, const ForwardPass& pass) const {
  at::Tensor inner = activation_ == Activation::kRelu ? LinearRelu(x, up_.weight, up_.bias) : at::gelu(up_(x));
  inner = pass.Place(prefix_, "mlp.up.output", inner);
  return pass.Place(prefix_, "mlp.down.output", down_(inner));
}

at::Tensor DecoderBlock::AddBranch(const at::Tensor& h, const at::Tensor& branch, const ForwardPass& pass) const {
  const at::Tensor dropped = pass.Dropout(branch);
  if (trainable_scale_.defined()) return h + trainable_scale_ * dropped;
  return at::add(h, dropped, residual_scale_);
}

}  // namespace ofsweep
