#include "trainer/batches.h"

namespace ofsweep {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

EpochPermutation::EpochPermutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch)
    : count_(static_cast<std::uint64_t>(count)), half_bits_(1) {
  while ((std::uint64_t{1} << (2 * half_bits_)) < count_) ++half_bits_;
  for (int round = 0; round < kRounds; ++round) {
    keys_[round] = Mix(Mix(Mix(seed) + epoch) + static_cast<std::uint64_t>(round));
  }
}

std::int64_t EpochPermutation::At(std::int64_t index) const {
  const std::uint64_t half_mask = (std::uint64_t{1} << half_bits_) - 1;
  auto value = static_cast<std::uint64_t>(index);
  do {
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & half_mask;
    for (const std::uint64_t key : keys_) {
      const std::uint64_t next = left ^ (Mix(right ^ key) & half_mask);
      left = right;
      right = next;
    }
    value = left << half_bits_ | right;
  } while (value >= count_);
  return static_cast<std::int64_t>(value);
}

Batches::Batches(TokenRange tokens, std::int64_t context, std::int64_t batch_size, WindowOrder order,
                 std::uint64_t seed)
    : tokens_(std::move(tokens)),
      context_(context),
      batch_size_(batch_size),
      windows_(tokens_.Windows(context)),
      order_(order),
      seed_(seed) {}

std::int64_t Batches::WindowOf(std::int64_t sample) const {
  const std::int64_t index = sample % windows_;
  if (order_ == WindowOrder::kSequential) return index;
  return EpochPermutation(windows_, seed_, static_cast<std::uint64_t>(sample / windows_)).At(index);
}

Batch Batches::Rows(std::int64_t step, std::int64_t first_row, std::int64_t rows, at::Device device) const {
  // A copy from memory that is not pinned waits for all that the GPU was asked before.
  const auto options = at::TensorOptions(at::kLong).pinned_memory(device.is_cuda());
  const at::Tensor tokens = at::empty({rows, context_ + 1}, options);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t window = WindowOf(step * batch_size_ + first_row + row);
    tokens_.file->Copy(tokens_.begin + window * context_, context_ + 1,
                       tokens.data_ptr<std::int64_t>() + row * (context_ + 1));
  }
  const at::Tensor arrived = tokens.to(device, at::kLong, /*non_blocking=*/true);
  return {arrived.narrow(1, 0, context_), arrived.narrow(1, 1, context_)};
}

}  // namespace ofsweep
