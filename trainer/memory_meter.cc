#include "trainer/memory_meter.h"

#include <algorithm>
#include <unordered_map>

#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace ofsweep {
namespace {

// Never destroyed, as LibTorch's allocators: tensors that it made may outlive every meter.
class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

  c10::DataPtr allocate(std::size_t size) override {
    // LibTorch wants the data itself to be what is handed to the deleter, so the sizes are kept beside.
    void* data = inner_->raw_allocate(size);
    const absl::MutexLock lock(&mutex_);
    if (data != nullptr) sizes_[data] = static_cast<std::int64_t>(size);
    held_ += static_cast<std::int64_t>(size);
    peak_ = std::max(peak_, held_);
    return {data, data, &FreeCounted, at::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &FreeCounted; }
  void copy_data(void* destination, const void* source, std::size_t count) const override {
    default_copy_data(destination, source, count);
  }

  c10::Allocator* inner() const { return inner_; }
  std::int64_t peak() const {
    const absl::MutexLock lock(&mutex_);
    return peak_;
  }
  void ResetPeak() {
    const absl::MutexLock lock(&mutex_);
    peak_ = held_;
  }

 private:
  static void FreeCounted(void* data);

  c10::Allocator* inner_;
  mutable absl::Mutex mutex_;
  std::unordered_map<void*, std::int64_t> sizes_ ABSL_GUARDED_BY(mutex_);
  std::int64_t held_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t peak_ ABSL_GUARDED_BY(mutex_) = 0;
};

CountingAllocator& HostCounter() {
  static auto* counter = new CountingAllocator(c10::GetCPUAllocator());
  return *counter;
}

void CountingAllocator::FreeCounted(void* data) {
  if (data == nullptr) return;
  CountingAllocator& counter = HostCounter();
  {
    const absl::MutexLock lock(&counter.mutex_);
    const auto block = counter.sizes_.find(data);
    counter.held_ -= block->second;
    counter.sizes_.erase(block);
  }
  counter.inner_->raw_deallocate(data);
}

}  // namespace

MemoryMeter::MemoryMeter(at::Device device) : device_(device) {
  if (device_.is_cpu()) {
    CountingAllocator& counter = HostCounter();
    replaced_ = counter.inner();
    c10::SetCPUAllocator(&counter);
  }
  ResetPeak();
}

MemoryMeter::~MemoryMeter() {
  if (device_.is_cpu()) c10::SetCPUAllocator(replaced_);
}

std::int64_t MemoryMeter::PeakBytes() const {
  if (device_.is_cpu()) return HostCounter().peak();
  const auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return c10::getDeviceAllocator(device_.type())->getDeviceStats(device_.index()).allocated_bytes[all].peak;
}

void MemoryMeter::ResetPeak() {
  if (device_.is_cpu()) {
    HostCounter().ResetPeak();
  } else {
    c10::getDeviceAllocator(device_.type())->resetPeakStats(device_.index());
  }
}

}  // namespace ofsweep
