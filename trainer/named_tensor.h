#pragma once

#include <map>
#include <string>
#include <vector>

#include "trainer/torch.h"

namespace ofsweep {

// A parameter by its name in checkpoints ("blocks.0.attn.q.weight"), or a piece of optimiser state.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

using TensorMap = std::map<std::string, at::Tensor, std::less<>>;

}  // namespace ofsweep
