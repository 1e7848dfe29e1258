#include "experiment/curve_names.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/edit_distance.h"
#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

// "metric kurtosis, site block, layer 3" for kurtosis@block.3, which is how tables name one number of a curve.
std::string AsFields(const MetricColumn& column) {
  std::string fields = "metric " + column.metric;
  if (!column.site.empty()) absl::StrAppend(&fields, ", site ", column.site);
  if (column.layer) absl::StrAppend(&fields, ", layer ", *column.layer);
  return fields;
}

std::string KnownSites() {
  std::vector<std::string> names;
  for (const Site& site : kSites) names.emplace_back(site.name);
  return "they are " + absl::StrJoin(names, ", ");
}

// None where the metric has curves of that name.
std::optional<Problem> CheckMetric(const std::string& name) {
  if (FindMetric(name) != nullptr && !name.starts_with('{')) return std::nullopt;
  if (const ResultNumber* number = FindResultNumber(name)) {
    return Problem{.key = "metrics",
                   .message = absl::StrCat(name, " is one number a trial, without a curve"),
                   .fix = number->metric.empty()
                              ? "`ofsweep table --metrics` shows it"
                              : absl::StrCat("its curves are those of ", std::string(number->metric))};
  }
  const std::string metric = name.substr(0, name.find_first_of("@:"));
  if (metric != name && FindMetric(metric) != nullptr) {
    const auto column = ParseMetricColumn(name);
    return Problem{.key = "metrics",
                   .message = absl::StrCat(Quoted(name), " is a column of a table"),
                   .fix = column.ok()
                              ? "ask for " + AsFields(*column)
                              : absl::StrCat("ask for metric ", metric, ", with site and layer where it has them")};
  }
  std::vector<std::string_view> known;
  for (const Metric& one : Metrics()) known.push_back(one.name);
  return Problem{.key = "metrics",
                 .message = "there is no metric " + Quoted(metric),
                 .fix = DidYouMean(Nearest(metric, known), "`ofsweep spec --metrics` lists them")};
}

std::optional<Problem> CheckSite(const std::string& name, const std::vector<std::string>& metrics) {
  std::vector<std::string_view> known;
  for (const Site& site : kSites) known.push_back(site.name);
  const Site* found = FindSite(name);
  if (found == nullptr) {
    return Problem{.key = "sites",
                   .message = "there is no site " + Quoted(name),
                   .fix = DidYouMean(Nearest(name, known), KnownSites())};
  }
  const bool is_measured = std::any_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
    const Metric* row = FindMetric(metric);
    return row == nullptr || row->place == found->place;  // an unknown one is told as such
  });
  if (is_measured) return std::nullopt;
  return Problem{.key = "sites",
                 .message = absl::StrCat(absl::StrJoin(metrics, ", "), metrics.size() == 1 ? " is" : " are",
                                         " not measured at ", name),
                 .fix = "`ofsweep spec --metrics` says where each metric is"};
}

}  // namespace

void CheckCurveNames(const std::vector<std::string>& metrics, const std::vector<std::string>& sites,
                     std::vector<Problem>& problems) {
  const auto add = [&problems](std::optional<Problem> problem) {
    if (problem) problems.push_back(*std::move(problem));
  };
  for (const std::string& metric : metrics) add(CheckMetric(metric));
  for (const std::string& site : sites) add(CheckSite(site, metrics));
}

}  // namespace ofsweep
