#pragma once

namespace ofsweep {

struct Interval {
  double low = 0;
  double high = 1;
};

// From values to places on the paper, linear or logarithmic.
class Scale {
 public:
  // `places`: where the domain's ends stand; low > high where the values rise upwards.
  Scale(bool is_log, Interval domain, Interval places);

  // NaN where the value has no place on the axis: NaN, ±Inf, and on a logarithmic one what is not positive.
  double At(double value) const;

  bool is_log() const { return is_log_; }
  const Interval& domain() const { return domain_; }

 private:
  double Forward(double value) const;

  bool is_log_;
  Interval domain_;
  Interval places_;
};

// The range of values that an axis has to show.
class Extent {
 public:
  explicit Extent(bool is_log) : is_log_(is_log) {}

  // A value without a place on the axis changes nothing.
  void Add(double value);

  // Never empty, and with `room` of its length, or on a logarithmic axis of its decades, at both ends.
  Interval Domain(double room) const;

 private:
  bool is_log_;
  bool is_empty_ = true;
  double low_ = 0;
  double high_ = 0;
};

// Whether an axis has a place for it.
bool HasPlace(double value, bool is_log);

}  // namespace ofsweep
