#include "experiment/metric_point.h"

#include <cmath>

namespace ofsweep {

std::vector<MetricPoint> LossPoints(std::string_view prefix, double loss, std::string_view suffix) {
  const auto series = [&](std::string_view what) {
    return Series{std::string(prefix).append(what).append(suffix), std::nullopt, ""};
  };
  return {{series("_loss"), loss}, {series("_perplexity"), std::exp(loss)}};
}

}  // namespace ofsweep
