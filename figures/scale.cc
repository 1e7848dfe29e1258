#include "figures/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ofsweep {

bool HasPlace(double value, bool is_log) {
  return std::isfinite(value) && (!is_log || value > 0);
}

Scale::Scale(bool is_log, Interval domain, Interval places) : is_log_(is_log), domain_(domain), places_(places) {}

double Scale::Forward(double value) const {
  return is_log_ ? std::log(value) : value;
}

double Scale::At(double value) const {
  if (!HasPlace(value, is_log_)) return std::numeric_limits<double>::quiet_NaN();
  const double first = Forward(domain_.low);
  const double share = (Forward(value) - first) / (Forward(domain_.high) - first);
  return places_.low + share * (places_.high - places_.low);
}

void Extent::Add(double value) {
  if (!HasPlace(value, is_log_)) return;
  low_ = is_empty_ ? value : std::min(low_, value);
  high_ = is_empty_ ? value : std::max(high_, value);
  is_empty_ = false;
}

Interval Extent::Domain(double room) const {
  if (is_empty_) return is_log_ ? Interval{1, 10} : Interval{0, 1};
  if (is_log_) {
    const double factor = low_ == high_ ? 1.5 : std::pow(high_ / low_, room);
    return {low_ / factor, high_ * factor};
  }
  double pad = (high_ - low_) * room;
  if (low_ == high_) pad = low_ == 0 ? 0.5 : std::abs(low_) * 0.05;
  return {low_ - pad, high_ + pad};
}

}  // namespace ofsweep
