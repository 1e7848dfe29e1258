#include "storage/curve_means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ofsweep {
namespace {

constexpr std::size_t kNamedTrials = 100;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void CurveMeans::Add(const Curve& curve) {
  Sum& sum = sums_[curve.series];
  ++sum.trials;
  if (sum.trial_ids.size() < kNamedTrials) sum.trial_ids.push_back(curve.trial_id);
  if (curve.steps.empty()) return;
  sum.firsts.push_back(curve.steps.front());
  sum.lasts.push_back(curve.steps.back());
  std::vector<Moments> merged;
  merged.reserve(std::max(sum.steps.size(), curve.steps.size()));
  auto known = sum.steps.begin();
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    while (known != sum.steps.end() && known->step < curve.steps[i]) merged.push_back(*known++);
    const bool is_known = known != sum.steps.end() && known->step == curve.steps[i];
    merged.push_back(is_known ? *known++ : Moments{.step = curve.steps[i]});
    Observe(curve.values[i], merged.back());
  }
  merged.insert(merged.end(), known, sum.steps.end());
  sum.steps = std::move(merged);
}

void CurveMeans::Observe(double value, Moments& moments) const {
  if (kind_ == CurveMean::kGeometric) value = value > 0 ? std::log(value) : kNaN;
  ++moments.count;
  if (!std::isfinite(value)) {
    moments.not_finite += value;
    return;
  }
  const double distance = value - moments.mean;
  moments.mean += distance / moments.count;
  moments.squares += distance * (value - moments.mean);
}

std::vector<Curve> CurveMeans::Take() {
  std::vector<Curve> curves;
  for (auto& [series, sum] : sums_) curves.push_back(Finish(series, sum));
  sums_.clear();
  return curves;
}

Curve CurveMeans::Finish(const Series& series, Sum& sum) const {
  Curve curve{.series = series};
  curve.trials = sum.trials;
  curve.trial_ids = sum.trial_ids;
  std::sort(sum.firsts.begin(), sum.firsts.end());
  std::sort(sum.lasts.begin(), sum.lasts.end());
  std::size_t begun = 0, ended = 0;
  for (const Moments& moments : sum.steps) {
    while (begun < sum.firsts.size() && sum.firsts[begun] <= moments.step) ++begun;
    while (ended < sum.lasts.size() && sum.lasts[ended] < moments.step) ++ended;
    if (moments.count < begun - ended) continue;
    const bool is_finite = moments.not_finite == 0;
    double mean = is_finite ? moments.mean : moments.not_finite;
    // Squares of values beyond 10^154 are infinite: then it is not known.
    const bool has_deviation = is_finite && moments.count > 1 && std::isfinite(moments.squares);
    double deviation = has_deviation ? std::sqrt(moments.squares / (moments.count - 1)) : kNaN;
    if (kind_ == CurveMean::kGeometric) {
      mean = std::exp(mean);
      deviation = std::exp(deviation);
    }
    curve.steps.push_back(moments.step);
    curve.values.push_back(mean);
    curve.counts.push_back(moments.count);
    curve.deviations.push_back(deviation);
  }
  return curve;
}

}  // namespace ofsweep
