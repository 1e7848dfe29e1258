#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "experiment/metric_point.h"
#include "ofsweep/v1/worker.pb.h"

namespace ofsweep {

// Writes steps into a TrialPoints by columns: each series is named once, and rows refer to it by position.
class ColumnWriter {
 public:
  explicit ColumnWriter(v1::TrialPoints& out) : out_(out) {}

  void Add(const StepPoints& step);

 private:
  std::uint32_t PositionOf(const Series& series);

  v1::TrialPoints& out_;
  std::map<Series, std::uint32_t> positions_;
};

}  // namespace ofsweep
