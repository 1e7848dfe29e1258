#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ofsweep {

// What a curve is a curve of: a metric, and where in the model it was measured.
struct Series {
  std::string metric;        // "kurtosis"
  std::optional<int> layer;  // 0-based; none for scalars, the embedding and the final norm
  std::string site;          // "block", "embedding", …; "" for scalars such as train_loss

  auto operator<=>(const Series&) const = default;
};

struct MetricPoint {
  Series series;
  double value = 0;  // NaN and ±Inf are results like any other
};

// PREFIX_loss, a mean cross entropy in nats, and PREFIX_perplexity = e^loss, for "eval", "int8", "w8a4"; what of the
// model was rounded may follow: "_weights".
std::vector<MetricPoint> LossPoints(std::string_view prefix, double loss, std::string_view suffix = "");

// All that one step reported. Step k describes the model after k updates.
struct StepPoints {
  std::int64_t step = 0;
  std::int64_t tokens = 0;  // trained on so far
  double seconds = 0;       // of training so far, of this and earlier attempts
  std::vector<MetricPoint> points;
};

}  // namespace ofsweep
