#include "experiment/metric_column.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/edit_distance.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

// What stands behind the last `mark`, which is taken off the text with it; none where there is no such mark.
std::optional<std::string_view> TakeBehind(char mark, std::string_view& text) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

absl::Status UnknownMetric(std::string_view name) {
  std::vector<std::string_view> known;
  for (const ResultNumber& number : kResultNumbers) known.emplace_back(number.name);
  for (const Metric& metric : Metrics()) known.push_back(metric.name);
  return absl::InvalidArgumentError(
      absl::StrCat("there is no metric ", Quoted(name), "; ",
                   DidYouMean(Nearest(name, known), "`ofsweep spec --metrics` lists them")));
}

// A column of `results` is one number a trial already.
absl::Status NoMoreThanTheName(std::string_view column, std::string_view written) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(column), " is a column of `results`, which takes no ",
                                                 Printable(written), ": write ", std::string(column)));
}

absl::Status ReadLayer(std::string_view text, MetricColumn& column) {
  if (text == "max" || text == "mean") {
    column.over_layers = text == "max" ? MetricColumn::OverLayers::kMax : MetricColumn::OverLayers::kMean;
    return absl::OkStatus();
  }
  int layer = 0;
  if (!absl::SimpleAtoi(std::string(text), &layer) || layer < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no layer ", Quoted(text), "; write a number from 0, max or mean"));
  }
  column.layer = layer;
  return absl::OkStatus();
}

// "kurtosis@embedding", "kurtosis@block.0", …
std::vector<std::string> WaysToWrite(const Metric& metric, const std::string& name) {
  std::vector<std::string> ways;
  for (const Site& site : kSites) {
    if (site.place != metric.place) continue;
    const std::string way = absl::StrCat(name, "@", std::string(site.name));
    ways.push_back(site.has_layers ? absl::StrCat(way, ".0 (.1, …, .max, .mean)") : way);
  }
  return ways;
}

absl::Status ReadPlace(const Metric& metric, std::optional<std::string_view> place, MetricColumn& column) {
  const std::string name = column.metric;
  if (metric.place == MetricPlace::kModel) {
    if (!place) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is of the whole model; write it without @", std::string(*place)));
  }
  std::string_view rest = place.value_or("");
  const auto layer = TakeBehind('.', rest);
  const auto site = std::find_if(std::begin(kSites), std::end(kSites), [&](const Site& known) {
    return known.name == rest && known.place == metric.place && known.has_layers == layer.has_value();
  });
  if (!rest.empty() && FindSite(rest) == nullptr) {
    std::vector<std::string_view> known;
    for (const Site& one : kSites) {
      if (one.place == metric.place) known.push_back(one.name);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("there is no site ", Quoted(rest), "; ",
                     DidYouMean(Nearest(rest, known), "write " + absl::StrJoin(WaysToWrite(metric, name), ", "))));
  }
  if (site == std::end(kSites)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is measured at several places: write ", absl::StrJoin(WaysToWrite(metric, name), ", ")));
  }
  column.site = site->name;
  return layer ? ReadLayer(*layer, column) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<MetricColumn> ParseMetricColumn(std::string_view text) {
  MetricColumn column;
  std::string_view rest = text;
  if (const auto steps = TakeBehind(':', rest)) {
    if (*steps != "last" && *steps != "max") {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot take ", Quoted(*steps), " over the steps; write :last or :max"));
    }
    column.over_steps = *steps == "max" ? MetricColumn::OverSteps::kMax : MetricColumn::OverSteps::kLast;
  }
  const auto place = TakeBehind('@', rest);
  const Metric* metric = FindMetric(rest);
  const bool is_known = metric != nullptr && !rest.starts_with('{');
  if (!is_known && FindResultNumber(rest) != nullptr) return NoMoreThanTheName(rest, text.substr(rest.size()));
  if (!is_known) return UnknownMetric(rest);
  column.metric = rest;
  if (absl::Status status = ReadPlace(*metric, place, column); !status.ok()) return status;
  return column;
}

Better BetterOf(std::string_view number) {
  std::string metric;
  if (const ResultNumber* result = FindResultNumber(number)) {
    metric = result->metric;
  } else if (const auto column = ParseMetricColumn(number); column.ok()) {
    metric = column->metric;
  }
  const Metric* known = FindMetric(metric);
  return known == nullptr ? Better::kNeither : known->better;
}

}  // namespace ofsweep
