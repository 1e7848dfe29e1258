#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "experiment/trial_config.h"

namespace ofsweep {

// Elements of the chunk of logits that the trainer's loss holds at once: 1 GiB in float32.
inline constexpr std::int64_t kLogitsChunkElements = std::int64_t{1} << 28;
// Elements of the matrices of one shape that the trainer's SOAP updates as one stack: the batch saves launches where
// matrices are small, and only costs memory where they are not.
inline constexpr std::int64_t kSoapStackElements = std::int64_t{1} << 26;

// The tensors of one training step, in bytes. Besides them a process holds its libraries: about 0.3 GB, on a GPU as
// much again for the driver's context.
struct MemoryEstimate {
  double weights = 0;
  double gradients = 0;
  double optimizer = 0;       // its state: moments, master weights, preconditioners
  double optimizer_step = 0;  // what its update needs for a moment
  double activations = 0;     // kept for the backward pass, and what that needs for a moment
  double logits = 0;          // the chunk of logits and the gradients that the loss computes with it

  double peak = 0;             // at most the sum: not everything is held at once
  std::string_view peak_when;  // "in the loss", "in the backward pass", "in the optimizer's step"
};

// For micro-batches of `micro_batch_size` sequences. `config` must be resolved, its model.vocabulary and
// train.precision known; throws std::logic_error otherwise.
MemoryEstimate EstimateMemory(const TrialConfig& config, std::int64_t micro_batch_size);

// The largest divisor of train.batch_size whose peak is at most `bytes`; nothing where not even 1 is.
std::optional<std::int64_t> LargestMicroBatch(const TrialConfig& config, double bytes);

// What train.micro_batch_size: auto is where `bytes` are free: the largest that leaves a tenth of them for what the
// estimate misses, or 1.
std::int64_t FittingMicroBatch(const TrialConfig& config, double bytes);

}  // namespace ofsweep
