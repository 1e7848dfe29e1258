#include "trainer/cross_entropy_kernel.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "trainer/gpu_kernel.h"

namespace ofsweep {
namespace {

constexpr unsigned kThreads = 512;

// A block has a row. LANES values of a row are read and written at once: 8, or 1 where the rows do not begin at
// multiples of 16 bytes.
constexpr const char* kSource = R"cuda(
constexpr float kLowest = -3.402823e38f;

struct alignas(2 * LANES) Lanes {
  unsigned short bits[LANES];  // bfloat16
};

__device__ float Widen(unsigned short bits) { return __uint_as_float(static_cast<unsigned>(bits) << 16); }

__device__ unsigned short Round(float value) {
  unsigned short bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

// Of some values: the largest, and the sum of e^(value - largest).
struct Exponentials {
  float largest;
  float sum;

  __device__ void Add(Exponentials other) {
    const float both = fmaxf(largest, other.largest);
    sum = sum * __expf(largest - both) + other.sum * __expf(other.largest - both);
    largest = both;
  }
};

__device__ Exponentials OfWarp(Exponentials mine) {
  for (int distance = 16; distance > 0; distance /= 2) {
    mine.Add({__shfl_xor_sync(~0u, mine.largest, distance), __shfl_xor_sync(~0u, mine.sum, distance)});
  }
  return mine;
}

extern "C" __global__ void cross_entropy(Lanes* logits, const long long* targets, float* losses, long long vectors,
                                         bool differentiate) {
  __shared__ float largest_of_warps[32], sum_of_warps[32];
  Lanes* const row = logits + blockIdx.x * vectors;
  const long long target = targets[blockIdx.x];
  // Before any thread overwrites it.
  const float target_logit = Widen(row[target / LANES].bits[target % LANES]);

  Exponentials mine = {kLowest, 0};
  for (long long i = threadIdx.x; i < vectors; i += blockDim.x) {
    const Lanes lanes = row[i];
    float largest = mine.largest;
    for (int k = 0; k < LANES; ++k) largest = fmaxf(largest, Widen(lanes.bits[k]));
    mine.sum *= __expf(mine.largest - largest);
    mine.largest = largest;
    for (int k = 0; k < LANES; ++k) mine.sum += __expf(Widen(lanes.bits[k]) - largest);
  }
  mine = OfWarp(mine);
  if (threadIdx.x % 32 == 0) {
    largest_of_warps[threadIdx.x / 32] = mine.largest;
    sum_of_warps[threadIdx.x / 32] = mine.sum;
  }
  __syncthreads();
  const int lane = threadIdx.x % 32;
  const bool is_warp = lane < blockDim.x / 32;
  mine = OfWarp({is_warp ? largest_of_warps[lane] : kLowest, is_warp ? sum_of_warps[lane] : 0});
  const float normaliser = mine.largest + logf(mine.sum);
  if (threadIdx.x == 0) losses[blockIdx.x] = normaliser - target_logit;
  if (!differentiate) return;

  for (long long i = threadIdx.x; i < vectors; i += blockDim.x) {
    Lanes lanes = row[i];
    for (int k = 0; k < LANES; ++k) {
      const float probability = __expf(Widen(lanes.bits[k]) - normaliser);
      lanes.bits[k] = Round(i * LANES + k == target ? probability - 1 : probability);
    }
    row[i] = lanes;
  }
}
)cuda";

absl::StatusOr<GpuKernel> Compile(int lanes) {
  absl::StatusOr<GpuKernel> kernel =
      GpuKernel::Compile(absl::StrCat("#define LANES ", lanes, "\n", kSource), "cross_entropy");
  if (!kernel.ok()) {
    TORCH_WARN("the loss takes its slower path: ", std::string(kernel.status().message()));
  }
  return kernel;
}

const absl::StatusOr<GpuKernel>& KernelFor(std::int64_t vocabulary) {
  static const absl::StatusOr<GpuKernel> wide = Compile(8);
  if (!wide.ok() || vocabulary % 8 == 0) return wide;
  static const absl::StatusOr<GpuKernel> narrow = Compile(1);
  return narrow;
}

}  // namespace

bool HasCrossEntropyKernel(const at::Tensor& logits) {
  if (!logits.is_cuda() || logits.scalar_type() != at::kBFloat16) return false;
  const c10::DeviceGuard device(logits.device());
  return KernelFor(logits.size(1)).ok();
}

at::Tensor CrossEntropyKernel(const at::Tensor& logits, const at::Tensor& targets, bool differentiate) {
  const c10::DeviceGuard device(logits.device());
  const at::Tensor losses = at::empty({logits.size(0)}, logits.options().dtype(at::kFloat));
  void* logits_data = logits.data_ptr();
  const void* targets_data = targets.const_data_ptr();
  void* losses_data = losses.data_ptr();
  long long vectors = logits.size(1) % 8 == 0 ? logits.size(1) / 8 : logits.size(1);
  std::array<void*, 5> arguments = {static_cast<void*>(&logits_data), static_cast<void*>(&targets_data),
                                    static_cast<void*>(&losses_data), &vectors, &differentiate};
  KernelFor(logits.size(1))->Launch(static_cast<unsigned>(logits.size(0)), kThreads, arguments);
  return losses;
}

}  // namespace ofsweep
