#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "trainer/activation_tap.h"
#include "trainer/model_shape.h"
#include "trainer/named_tensor.h"
#include "trainer/torch.h"

namespace ofsweep {

class DecoderBlock;
class Norm;

// The decoder-only transformer of He et al. (arXiv 2405.19279): Pre-Norm, Post-Norm and Outlier Protected blocks.
// Parameters have the names of TRIAL.md; linear weights are [out, in]. One thread at a time.
class Decoder {
 public:
  // Initial weights depend on (seed, parameter name) alone: normal(0, init_std) matrices, gains 1, biases 0.
  // `dtype` is float32, float64 or bfloat16.
  Decoder(const ModelShape& shape, std::uint64_t seed, at::ScalarType dtype, at::Device device);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  const ModelShape& Shape() const { return shape_; }

  // Leaf tensors that require gradients, in a fixed order. Overwrite their values in place (under at::NoGradGuard).
  const std::vector<NamedTensor>& Parameters() const { return parameters_; }
  std::int64_t ParameterCount() const;
  void ZeroGradients();  // drops them: the next backward pass writes fresh ones

  // Dropout is active in training mode only, which is where a decoder starts.
  void SetTraining(bool training) { training_ = training; }
  // Keeps of each block only its input for the backward pass, which runs the block again: less memory, more time, the
  // same bits.
  void SetActivationCheckpointing(bool checkpoint) { activation_checkpointing_ = checkpoint; }
  // Draws the dropout masks; its state belongs in a checkpoint.
  at::Generator& DropoutGenerator() { return dropout_generator_; }

  // inputs, targets: int64 [B, T], T ≤ context. Mean cross entropy over all B·T targets in nats, a scalar of at least
  // float32.
  at::Tensor Loss(const at::Tensor& inputs, const at::Tensor& targets, ActivationTap* tap = nullptr);
  // [B, T, vocabulary]
  at::Tensor Logits(const at::Tensor& inputs, ActivationTap* tap = nullptr);
  // What the head sees, [B, T, width].
  at::Tensor Hidden(const at::Tensor& inputs, ActivationTap* tap = nullptr);

 private:
  ModelShape shape_;
  std::vector<NamedTensor> parameters_;
  bool training_ = true;
  bool activation_checkpointing_ = false;
  at::Generator dropout_generator_;
  at::Tensor token_embedding_;     // [V, d]
  at::Tensor position_embedding_;  // [T, d] where positions are learned
  at::Tensor head_;                // [V, d]: the token embedding where tied
  at::Tensor rotary_cos_;          // [T, head width / 2] where positions are rotary
  at::Tensor rotary_sin_;
  std::unique_ptr<Norm> embedding_norm_;
  std::vector<std::unique_ptr<DecoderBlock>> blocks_;
  std::unique_ptr<Norm> final_norm_;
};

}  // namespace ofsweep
