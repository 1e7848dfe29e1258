#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "experiment/trial_config.h"
#include "trainer/named_tensor.h"

namespace ofsweep {

// Updates parameters from their gradients. bfloat16 parameters have float32 master copies in here.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One update. Every parameter must have a gradient; gradients are left as they are.
  virtual void Step(double learning_rate) = 0;

  // Everything that the next Step depends on besides parameters and gradients, by stable names such as
  // "exp_avg.blocks.0.attn.q.weight". The tensors may share memory with the optimiser: write or clone them before the
  // next Step.
  virtual std::vector<NamedTensor> State() const = 0;

  // Copies a State() back, bit for bit. InvalidArgument names a missing tensor or one of another shape or type.
  virtual absl::Status LoadState(const TensorMap& state) = 0;
};

// By optimizer.name of a resolved configuration. Weight decay acts on parameters of two or more dimensions only.
// With bfloat16 parameters, make it after the initial weights are loaded: the master copies are taken here.
std::unique_ptr<Optimizer> MakeOptimizer(const TrialConfig& config, const std::vector<NamedTensor>& parameters);

}  // namespace ofsweep
