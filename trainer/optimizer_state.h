#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "trainer/named_tensor.h"

namespace ofsweep {

// The update counter as a piece of state: "step", int64 [1].
NamedTensor StepState(std::int64_t step);

// Copies `saved` into the tensors of `state`, which share memory with the optimiser, and the counter into `step`.
// Nothing is changed unless every tensor is there with its shape and type.
absl::Status CopyState(const TensorMap& saved, const std::vector<NamedTensor>& state, std::int64_t& step);

}  // namespace ofsweep
