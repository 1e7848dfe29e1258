#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trainer/forward_pass.h"
#include "trainer/norm.h"

namespace ofsweep {

// Causal multi-head self-attention with the entropy regulations of He et al.: per-head RMSNorm of queries and keys, and
// the cap 30·tanh(logits/30) before the mask.
class Attention {
 public:
  // Parameters PREFIXattn.{q,k,v,out}.* and, with QK-norm, PREFIXattn.{q_norm,k_norm}.weight.
  Attention(ParameterFactory& parameters, const std::string& prefix, const ModelShape& shape, int layer);

  // x [B, T, width] → [B, T, width]
  at::Tensor operator()(const at::Tensor& x, const ForwardPass& pass) const;

 private:
  std::vector<at::Tensor> Project(const at::Tensor& x) const;  // queries, keys and values, [B, T, width] each
  at::Tensor SplitHeads(const at::Tensor& x) const;            // [B, T, width] → [B, T, heads, head width]
  at::Tensor MaterialisedContext(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const ForwardPass& pass) const;
  // q·kᵀ over √(head width), [B, heads, T, T], and what cap, mask and softmax make of it, in float32 or better.
  at::Tensor Scores(const at::Tensor& q, const at::Tensor& k) const;
  at::Tensor Probabilities(at::Tensor scores) const;
  void ShowMaps(const at::Tensor& q, const at::Tensor& k, ActivationTap& tap) const;

  std::string prefix_;
  int layer_;
  std::int64_t heads_;
  std::int64_t head_width_;
  bool tanh_cap_;
  Linear query_, key_, value_, out_;
  std::unique_ptr<Norm> query_norm_, key_norm_;
};

// The tables of rotary embeddings (arXiv 2104.09864, base 10000): cos and sin of t·10000^(−2i/w), [T, w/2] for head
// width w.
void RotaryTables(std::int64_t context, std::int64_t head_width, at::TensorOptions options, at::Tensor& cos,
                  at::Tensor& sin);

}  // namespace ofsweep
