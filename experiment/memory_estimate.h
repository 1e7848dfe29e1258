#pragma once

#include <array>
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

// Elements of the attention maps of one layer that a statistic is shown at once: 256 MiB in float32.
inline constexpr std::int64_t kShownMapElements = std::int64_t{1} << 26;
// Of those that a quantised evaluation, which builds them, holds of one layer at once: 1 GiB.
inline constexpr std::int64_t kEvaluatedMapElements = std::int64_t{1} << 28;

// The tensors of a trial, in bytes. Besides them a process holds its libraries: about 0.3 GB, on a GPU as
// much again for the driver's context.
struct MemoryEstimate {
  double weights = 0;
  double gradients = 0;
  double optimizer = 0;       // its state: moments, master weights, preconditioners
  double optimizer_step = 0;  // what its update needs for a moment
  double activations = 0;     // kept for the backward pass, and what that needs for a moment
  double logits = 0;          // the chunk of logits and the gradients that the loss computes with it
  double measuring = 0;       // what measure.metrics keep besides: activations of the whole batch, d × d sums, maps
  double evaluation = 0;      // a quantised evaluation: a float32 copy of the model and one forward pass through it
  // kMemoryParts lists those above.

  double step = 0;             // the peak of a training step that measures nothing
  double peak = 0;             // of the trial; at most the sum: not everything is held at once
  std::string_view peak_when;  // "in the loss", "in the backward pass", "in the optimizer's step", "while measuring",
                               // "in the quantised evaluation"
};

// The parts of an estimate, in the order in which tables and sentences show them.
struct MemoryPart {
  std::string_view key;      // of JSON
  std::string_view heading;  // of a column
  std::string_view name;     // in a sentence
  double MemoryEstimate::*bytes;
};
inline constexpr std::array kMemoryParts = {
    MemoryPart{"weights", "weights", "weights", &MemoryEstimate::weights},
    MemoryPart{"gradients", "gradients", "gradients", &MemoryEstimate::gradients},
    MemoryPart{"optimizer", "optimizer", "the optimizer's state", &MemoryEstimate::optimizer},
    MemoryPart{"optimizer_step", "its step", "the optimizer's step", &MemoryEstimate::optimizer_step},
    MemoryPart{"activations", "activations", "activations", &MemoryEstimate::activations},
    MemoryPart{"logits", "logits", "logits", &MemoryEstimate::logits},
    MemoryPart{"measuring", "measuring", "measuring", &MemoryEstimate::measuring},
    MemoryPart{"evaluation", "evaluation", "the quantised evaluation", &MemoryEstimate::evaluation},
};

// For micro-batches of `micro_batch_size` sequences. `config` must be resolved, its model.vocabulary and
// train.precision known; throws std::logic_error otherwise.
MemoryEstimate EstimateMemory(const TrialConfig& config, std::int64_t micro_batch_size);

// What evaluating without training needs: the weights, and the larger of a pass without gradients and, where the
// configuration has one, a quantised evaluation.
double BytesToEvaluate(const TrialConfig& config, std::int64_t micro_batch_size);

// Sequences that a quantised evaluation passes through the model at once: no more than train.micro_batch_size.
std::int64_t EvaluatedAtOnce(const TrialConfig& config, std::int64_t micro_batch_size);

// The largest divisor of train.batch_size whose peak is at most `bytes`; nothing where not even 1 is.
std::optional<std::int64_t> LargestMicroBatch(const TrialConfig& config, double bytes);

// The part of a trial's memory that is planned with; the rest is for what the estimate misses, and on a GPU for
// workspaces and fragmentation.
inline constexpr double kPlannedPartOfACpu = 0.9;
inline constexpr double kPlannedPartOfAGpu = 0.8;

// What train.micro_batch_size: auto is for a trial that may take `bytes`: the largest that fits that part, or that
// needs no more than 1 does.
std::int64_t FittingMicroBatch(const TrialConfig& config, double bytes);

}  // namespace ofsweep
