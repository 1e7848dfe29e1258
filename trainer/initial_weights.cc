#include "trainer/initial_weights.h"

#include <cmath>
#include <numbers>

namespace ofsweep {
namespace {

// Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014), the output function of SplitMix64.
std::uint64_t Mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// FNV-1a.
std::uint64_t HashName(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// In (0, 1], from the upper 53 bits.
double Uniform(std::uint64_t bits) {
  return static_cast<double>((bits >> 11) + 1) * 0x1.0p-53;
}

template <class Scalar>
void Fill(Scalar* out, std::int64_t count, std::uint64_t key, double std) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
  const std::int64_t pairs = (count + 1) / 2;
  // Box–Muller: elements 2i and 2i+1 share one radius and one angle, so any thread may fill any pair.
  at::parallel_for(0, pairs, 4096, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pair = begin; pair < end; ++pair) {
      const std::uint64_t counter = key + static_cast<std::uint64_t>(2 * pair) * kGolden;
      const double radius = std * std::sqrt(-2 * std::log(Uniform(Mix(counter))));
      const double angle = 2 * std::numbers::pi * Uniform(Mix(counter + kGolden));
      out[2 * pair] = static_cast<Scalar>(radius * std::cos(angle));
      if (2 * pair + 1 < count) out[2 * pair + 1] = static_cast<Scalar>(radius * std::sin(angle));
    }
  });
}

}  // namespace

void FillNormal(at::Tensor& tensor, std::uint64_t seed, std::string_view name, double std) {
  TORCH_CHECK(tensor.is_contiguous() && tensor.device().is_cpu(), "FillNormal needs a contiguous CPU tensor");
  const std::uint64_t key = Mix(HashName(name) + Mix(seed + 1));
  if (tensor.scalar_type() == at::kDouble) {
    Fill(tensor.data_ptr<double>(), tensor.numel(), key, std);
  } else {
    Fill(tensor.data_ptr<float>(), tensor.numel(), key, std);
  }
}

}  // namespace ofsweep
