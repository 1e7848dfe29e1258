#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "experiment/metric_point.h"

namespace ofsweep {

// Points of one attempt as they travel from its worker to the database: each series is named once, and a point refers
// to it by its place.
struct PointColumns {
  struct Row {
    std::int64_t step = 0;
    std::int64_t tokens = 0;  // as StepPoints
    double seconds = 0;
    std::size_t end = 0;  // its points are those from the end of the row before to this one
  };

  std::vector<Series> series;
  std::vector<Row> rows;                 // by step, ascending
  std::vector<std::uint32_t> series_of;  // of each point, its place in `series`
  std::vector<double> values;            // of each point

  std::size_t points() const { return values.size(); }
  std::size_t bytes() const;
  // Where the row's points begin.
  std::size_t begin(std::size_t row) const { return row == 0 ? 0 : rows[row - 1].end; }
};

// Shared, because who stores them and who shows them read the same ones.
using SharedColumns = std::shared_ptr<const PointColumns>;

// Of steps in ascending order.
SharedColumns ColumnsOf(const std::vector<StepPoints>& steps);

}  // namespace ofsweep
