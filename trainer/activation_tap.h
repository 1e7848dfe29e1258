#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trainer/torch.h"

namespace ofsweep {

// Looks at a forward pass. Without a tap the decoder takes its fast path; a tap of sites leaves it there.
class ActivationTap {
 public:
  virtual ~ActivationTap() = default;

  // The residual stream x [B, T, width] at a site: "embedding", "block" (layer 0…L−1, the block's output), "final_norm"
  // where there is one, and in post_norm blocks "residual" (the sum before the block's last norm). Each once a pass; a
  // tap may keep x, so nothing writes to it afterwards.
  virtual void OnSite(std::string_view site, std::optional<int> layer, const at::Tensor& x) = 0;

  // True: the decoder passes the attention maps A [sequences, heads, T, T] of every layer, as the softmax gives them in
  // float32 or better, a few sequences of the batch at a time. They are computed beside the path of the pass.
  virtual bool WantsAttentionMaps() const { return false; }
  virtual void OnAttentionMaps(int layer, const at::Tensor& maps) {
    (void)layer;
    (void)maps;
  }

  // True: the decoder materialises its attention maps and passes every tensor named below through OnPlace.
  virtual bool WantsPlaces() const { return false; }

  // A tensor of the pass; the pass goes on with what is returned. Places, in order, as in tests/reference/int8:
  //   embed.sum  [embed.norm.output]
  //   blocks.L.  attn_norm.output attn.q.output attn.k.output attn.v.output [attn.q_norm.output attn.k_norm.output]
  //              attn.scores (before cap and mask) attn.probabilities attn.context attn.out.output residual_attn
  //              mlp_norm.output mlp.up.output (after the nonlinearity) mlp.down.output residual_mlp
  //   final_norm.output
  virtual at::Tensor OnPlace(const std::string& place, const at::Tensor& x) {
    (void)place;
    return x;
  }
};

}  // namespace ofsweep
