#pragma once

#include <string>

#include "trainer/activation_tap.h"

namespace ofsweep {

// What the blocks need to know of the forward pass they take part in.
struct ForwardPass {
  ActivationTap* sites = nullptr;   // sees the residual stream
  ActivationTap* places = nullptr;  // sees and may replace every named tensor; needs materialised attention maps
  double dropout = 0;
  at::Generator* dropout_generator = nullptr;
  at::Tensor rotary_cos;  // [T, head width / 2] where positions are rotary
  at::Tensor rotary_sin;

  at::Tensor Place(const std::string& prefix, const char* name, const at::Tensor& x) const {
    return places == nullptr ? x : places->OnPlace(prefix + name, x);
  }

  at::Tensor Dropout(const at::Tensor& x) const {
    if (dropout == 0) return x;
    const at::Tensor keep = at::empty_like(x).bernoulli_(1 - dropout, *dropout_generator);
    return x * keep.mul_(1 / (1 - dropout));
  }
};

}  // namespace ofsweep
