#include "coordinator/best_value.h"

#include <cmath>
#include <tuple>
#include <utility>

namespace ofsweep {
namespace {

std::set<std::int64_t> SeedsOfAll(std::span<const TunedValue> values) {
  std::set<std::int64_t> shared = values.front().seeds;
  for (const TunedValue& value : values.subspan(1)) {
    std::erase_if(shared, [&](std::int64_t seed) { return !value.seeds.contains(seed); });
  }
  return shared;
}

}  // namespace

std::optional<std::size_t> PickBestValue(std::span<const TunedValue> values) {
  if (values.empty()) return std::nullopt;
  const std::set<std::int64_t> shared = SeedsOfAll(values);
  // The smallest is the best: (its mean is not finite, less how many losses it has, the mean).
  using Rank = std::tuple<bool, std::int64_t, double>;
  std::optional<std::pair<Rank, std::size_t>> best;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double sum = 0;
    std::int64_t count = 0;
    for (const auto& [seed, loss] : values[i].losses) {
      if (!shared.empty() && !shared.contains(seed)) continue;
      sum += loss;
      ++count;
    }
    if (count == 0) continue;
    const double mean = sum / static_cast<double>(count);
    const bool is_finite = std::isfinite(mean);
    const Rank rank{!is_finite, -count, is_finite ? mean : 0};
    if (!best || rank < best->first) best = {rank, i};
  }
  return best ? std::optional(best->second) : std::nullopt;
}

}  // namespace ofsweep
