#pragma once

#include <cstdint>

#include "trainer/torch.h"

namespace ofsweep {

// Counts the bytes of tensors: on a CPU by an allocator around LibTorch's, on a GPU by the caching allocator's own
// statistics. One for a device at a time; on a CPU tensors made before it do not count.
class MemoryMeter {
 public:
  explicit MemoryMeter(at::Device device);
  ~MemoryMeter();
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;

  // The most bytes that were held at once since the meter or the last ResetPeak.
  std::int64_t PeakBytes() const;
  void ResetPeak();

 private:
  at::Device device_;
  c10::Allocator* replaced_ = nullptr;
};

}  // namespace ofsweep
