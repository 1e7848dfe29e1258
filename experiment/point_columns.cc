#include "experiment/point_columns.h"

#include <map>

namespace ofsweep {

std::size_t PointColumns::bytes() const {
  return series.size() * sizeof(Series) + rows.size() * sizeof(Row) +
         values.size() * (sizeof(std::uint32_t) + sizeof(double));
}

SharedColumns ColumnsOf(const std::vector<StepPoints>& steps) {
  auto made = std::make_shared<PointColumns>();
  PointColumns& columns = *made;
  std::map<Series, std::uint32_t> places;
  for (const StepPoints& step : steps) {
    for (const MetricPoint& point : step.points) {
      const auto [place, is_new] = places.emplace(point.series, static_cast<std::uint32_t>(places.size()));
      if (is_new) columns.series.push_back(point.series);
      columns.series_of.push_back(place->second);
      columns.values.push_back(point.value);
    }
    columns.rows.push_back({step.step, step.tokens, step.seconds, columns.values.size()});
  }
  return made;
}

}  // namespace ofsweep
