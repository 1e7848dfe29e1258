#pragma once

#include <memory>
#include <string>

#include "trainer/attention.h"
#include "trainer/forward_pass.h"
#include "trainer/norm.h"

namespace ofsweep {

// One block of the decoder: attention and MLP branches around the residual stream.
//   pre_norm   h ← h + β·Attn(N(h));  h ← h + β·MLP(N(h))
//   post_norm  h ← N(h + β·Attn(h));  h ← N(h + β·MLP(h))
//   op         h ← h + β·Attn(h);     h ← h + β·MLP(h), with one norm before block 0's attention
class DecoderBlock {
 public:
  DecoderBlock(ParameterFactory& parameters, const ModelShape& shape, int layer);

  // h [B, T, width] → [B, T, width]
  at::Tensor operator()(at::Tensor h, const ForwardPass& pass) const;

 private:
  at::Tensor Mlp(const at::Tensor& x, const ForwardPass& pass) const;
  at::Tensor AddBranch(const at::Tensor& h, const at::Tensor& branch, const ForwardPass& pass) const;

  std::string prefix_;  // "blocks.3."
  int layer_;
  bool post_norm_;
  Activation activation_;
  double residual_scale_;
  std::unique_ptr<Norm> attention_norm_;
  Attention attention_;
  std::unique_ptr<Norm> mlp_norm_;
  Linear up_, down_;
  at::Tensor trainable_scale_;  // [1] where β is a parameter
};

}  // namespace ofsweep
