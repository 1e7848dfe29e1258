#include "coordinator/paired_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>

namespace ofsweep {
namespace {

constexpr int kDraws = 10'000;
constexpr std::size_t kMostExactPairs = 12;
constexpr std::size_t kFewestTestedPairs = 6;
constexpr std::uint64_t kSeed = 2405'19279;
// Sums of the same numbers in another order differ by rounding.
constexpr double kRounding = 1e-12;

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Between the two nearest, as NumPy's default does it. `sorted` is not empty.
double Percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<double> BootstrapMeans(std::span<const double> values) {
  std::mt19937_64 random(kSeed);
  std::vector<double> means(kDraws);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random() % values.size()];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  return means;
}

// The sum of the values, each with its sign turned where `turned` has a bit.
double SumTurned(std::span<const double> values, std::uint64_t turned) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += (turned >> i & 1) != 0 ? -values[i] : values[i];
  return sum;
}

double ExactP(std::span<const double> values, double threshold) {
  const std::uint64_t permutations = std::uint64_t{1} << values.size();
  std::uint64_t extreme = 0;
  for (std::uint64_t turned = 0; turned < permutations; ++turned) {
    if (std::abs(SumTurned(values, turned)) >= threshold) ++extreme;
  }
  return static_cast<double>(extreme) / static_cast<double>(permutations);
}

// The observed one counts as a draw, so that p is never 0 (Phipson and Smyth 2010).
double DrawnP(std::span<const double> values, double threshold) {
  std::mt19937_64 random(kSeed);
  int extreme = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    double sum = 0;
    for (std::size_t begin = 0; begin < values.size(); begin += 64) {
      sum += SumTurned(values.subspan(begin, std::min<std::size_t>(64, values.size() - begin)), random());
    }
    if (std::abs(sum) >= threshold) ++extreme;
  }
  return (extreme + 1.0) / (kDraws + 1.0);
}

}  // namespace

PairedDifference ComparePairs(std::span<const double> differences) {
  PairedDifference result{.pairs = static_cast<std::uint32_t>(differences.size())};
  if (differences.empty()) return result;
  const double sum = Sum(differences);
  result.mean = sum / static_cast<double>(differences.size());
  if (differences.size() < 2) return result;
  const std::vector<double> means = BootstrapMeans(differences);
  result.low = Percentile(means, 0.025);
  result.high = Percentile(means, 0.975);
  if (differences.size() < kFewestTestedPairs) return result;
  double magnitude = 0;
  for (const double difference : differences) magnitude += std::abs(difference);
  const double threshold = std::abs(sum) - kRounding * magnitude;
  result.p = differences.size() <= kMostExactPairs ? ExactP(differences, threshold) : DrawnP(differences, threshold);
  return result;
}

std::vector<double> AdjustHolm(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(order.size() - rank);
    largest = std::max(largest, std::min(1.0, factor * p_values[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

double Median(std::vector<double> values) {
  for (const double value : values) {
    if (std::isnan(value)) return value;
  }
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1 || values[middle - 1] == values[middle]) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> GeometricMean(std::span<const double> values) {
  double logs = 0;
  for (const double value : values) {
    if (!(value > 0)) return std::nullopt;
    logs += std::log(value);
  }
  return std::exp(logs / static_cast<double>(values.size()));
}

}  // namespace ofsweep
