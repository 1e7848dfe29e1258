#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "storage/store.h"

namespace ofsweep {

// Averages the whole curves of a group of trials, series by series, at equal steps: a mean of curves that were cut into
// buckets before would pool different steps. A step has a mean where all curves have a value that begin before it and
// end behind it: the last step of one that diverged, between two measurements of the others, is no mean of the group. A
// NaN makes the mean of its step NaN, an infinite value infinite, as in tables; neither has a deviation.
class CurveMeans {
 public:
  explicit CurveMeans(CurveMean kind) : kind_(kind) {}

  // One of a trial; its steps ascend.
  void Add(const Curve& curve);

  // A curve for each series, ordered by metric, layer and site, with trials, counts and deviations.
  std::vector<Curve> Take();

 private:
  struct Moments {
    std::int64_t step = 0;
    std::uint32_t count = 0;
    double mean = 0;        // of what is finite (Welford 1962)
    double squares = 0;     // the sum of their squared distances from it
    double not_finite = 0;  // the sum of the others; 0 for none
  };
  struct Sum {
    std::size_t trials = 0;
    std::vector<std::string> trial_ids;       // of the first ones
    std::vector<Moments> steps;               // ascending
    std::vector<std::int64_t> firsts, lasts;  // steps of the curves
  };

  void Observe(double value, Moments& moments) const;
  Curve Finish(const Series& series, Sum& sum) const;

  const CurveMean kind_;
  std::map<Series, Sum> sums_;
};

}  // namespace ofsweep
