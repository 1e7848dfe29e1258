#pragma once

#include <cstdint>

#include "trainer/token_file.h"
#include "trainer/torch.h"

namespace ofsweep {

// A pseudo-random permutation of 0 … count−1 that depends on (seed, epoch) alone and gives any element in constant time
// and memory, so that a resumed trial continues where it was: a Feistel network over the next power of four, walked
// until it lands inside.
class EpochPermutation {
 public:
  EpochPermutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

  std::int64_t At(std::int64_t index) const;

 private:
  static constexpr int kRounds = 8;

  std::uint64_t count_;
  int half_bits_;
  std::uint64_t keys_[kRounds];
};

enum class WindowOrder { kSequential, kShuffled };

// B sequences of T tokens: token i of a row is followed by target i. Both are views of the same [B, T + 1].
struct Batch {
  at::Tensor inputs;   // int64 [B, T]
  at::Tensor targets;  // int64 [B, T]
};

// Cuts tokens into windows and deals them out. Window w holds tokens [w·T, w·T+T]; sample i = step·B + row is window i
// mod W of its epoch i / W, in order or in that epoch's permutation. The same seed deals the same windows in every arm
// of a sweep.
class Batches {
 public:
  Batches(TokenRange tokens, std::int64_t context, std::int64_t batch_size, WindowOrder order, std::uint64_t seed);

  std::int64_t Windows() const { return windows_; }

  // Rows of the batch of a step (0-based): all of them, or [first_row, first_row + rows). On a GPU they arrive in the
  // order of its stream: the call does not wait for them.
  Batch At(std::int64_t step) const { return Rows(step, 0, batch_size_); }
  Batch Rows(std::int64_t step, std::int64_t first_row, std::int64_t rows, at::Device device = at::kCPU) const;

 private:
  std::int64_t WindowOf(std::int64_t sample) const;

  TokenRange tokens_;
  std::int64_t context_;
  std::int64_t batch_size_;
  std::int64_t windows_;
  WindowOrder order_;
  std::uint64_t seed_;
};

}  // namespace ofsweep
