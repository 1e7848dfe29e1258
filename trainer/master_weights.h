#pragma once

#include <vector>

#include "trainer/named_tensor.h"

namespace ofsweep {

// The weights as an optimiser works on them: the parameters themselves, or float32 copies of bfloat16 parameters.
class MasterWeights {
 public:
  explicit MasterWeights(const std::vector<NamedTensor>& parameters);

  const std::vector<NamedTensor>& Weights() const { return weights_; }

  // The gradients of the parameters at `positions`, in the precision of the weights.
  std::vector<at::Tensor> Gradients(const std::vector<std::size_t>& positions) const;

  // Rounds the copies back into the parameters; nothing to do where the weights are the parameters.
  void WriteBack();

  // The copies, as "master.NAME"; nothing where there are none.
  void AppendState(std::vector<NamedTensor>& state) const;

 private:
  bool HasCopies() const { return !copies_.empty(); }

  std::vector<at::Tensor> parameters_;
  std::vector<NamedTensor> weights_;
  std::vector<at::Tensor> copies_;
};

}  // namespace ofsweep
