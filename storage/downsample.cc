#include "storage/downsample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace ofsweep {
namespace {

void MovePoint(std::size_t from, std::size_t to, Curve& curve) {
  curve.steps[to] = curve.steps[from];
  curve.values[to] = curve.values[from];
  if (curve.counts.empty()) return;
  curve.counts[to] = curve.counts[from];
  curve.deviations[to] = curve.deviations[from];
}

// What one bucket keeps, as positions in the curve.
class Bucket {
 public:
  explicit Bucket(std::size_t first) : last_(first), smallest_(first), largest_(first), first_nan_(first) {}

  void Add(const std::vector<double>& values, std::size_t i) {
    last_ = i;
    if (std::isnan(values[i])) {
      if (!std::isnan(values[first_nan_])) first_nan_ = i;
      return;
    }
    // A NaN that came first gives way to any number.
    if (std::isnan(values[smallest_]) || values[i] < values[smallest_]) smallest_ = i;
    if (std::isnan(values[largest_]) || values[i] > values[largest_]) largest_ = i;
  }

  // Moves the kept points to `end`, which is not behind any of them; returns the new end.
  std::size_t MoveTo(Curve& curve, std::size_t end) const {
    std::array<std::size_t, 4> kept = {smallest_, largest_, last_, first_nan_};
    if (!std::isnan(curve.values[first_nan_])) kept[3] = last_;
    std::sort(kept.begin(), kept.end());
    const auto unique_end = std::unique(kept.begin(), kept.end());
    for (auto i = kept.begin(); i != unique_end; ++i, ++end) MovePoint(*i, end, curve);
    return end;
  }

  // The same of the largest alone, at the last step.
  std::size_t MovePeakTo(Curve& curve, std::size_t end) const {
    const std::int64_t last_step = curve.steps[last_];
    MovePoint(largest_, end, curve);
    curve.steps[end] = last_step;
    return end + 1;
  }

 private:
  std::size_t last_;
  std::size_t smallest_;
  std::size_t largest_;
  std::size_t first_nan_;  // of no meaning while the value there is a number
};

}  // namespace

void Downsample(Curve& curve, std::uint32_t buckets, bool peaks) {
  if (curve.steps.size() <= buckets) return;
  const std::int64_t first = curve.steps.front();
  const std::int64_t width = (curve.steps.back() - first) / buckets + 1;
  std::size_t end = 0;
  for (std::size_t i = 0; i < curve.steps.size();) {
    const std::int64_t next_start = first + ((curve.steps[i] - first) / width + 1) * width;
    Bucket bucket(i);
    for (; i < curve.steps.size() && curve.steps[i] < next_start; ++i) bucket.Add(curve.values, i);
    end = peaks ? bucket.MovePeakTo(curve, end) : bucket.MoveTo(curve, end);
  }
  curve.steps.resize(end);
  curve.values.resize(end);
  if (curve.counts.empty()) return;
  curve.counts.resize(end);
  curve.deviations.resize(end);
}

}  // namespace ofsweep
