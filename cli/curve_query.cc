#include "cli/curve_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/edit_distance.h"
#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/problem.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

// "--metric kurtosis --site block --layer 3" for kurtosis@block.3, which is how tables name one number of a curve.
std::string AsOptions(const MetricColumn& column) {
  std::string options = "--metric " + column.metric;
  if (!column.site.empty()) absl::StrAppend(&options, " --site ", column.site);
  if (column.layer) absl::StrAppend(&options, " --layer ", *column.layer);
  return options;
}

std::string KnownSites() {
  std::vector<std::string> names;
  for (const Site& site : kSites) names.emplace_back(site.name);
  return "they are " + absl::StrJoin(names, ", ");
}

// Nothing where the metric has curves of that name.
std::vector<Problem> CheckMetric(const std::string& name) {
  const Problem refused{.key = "--metric"};
  const auto with = [&refused](std::string message, std::string fix) {
    Problem problem = refused;
    problem.message = std::move(message);
    problem.fix = std::move(fix);
    return std::vector<Problem>{problem};
  };
  if (FindMetric(name) != nullptr && !name.starts_with('{')) return {};
  if (const ResultNumber* number = FindResultNumber(name)) {
    return with(absl::StrCat(name, " is one number a trial, without a curve"),
                number->metric.empty() ? "`ofsweep table --metrics` shows it"
                                       : absl::StrCat("its curves are those of ", std::string(number->metric)));
  }
  const std::string metric = name.substr(0, name.find_first_of("@:"));
  if (metric != name && FindMetric(metric) != nullptr) {
    const auto column = ParseMetricColumn(name);
    return with(absl::StrCat(Quoted(name), " is a column of a table"),
                column.ok() ? "write " + AsOptions(*column)
                            : absl::StrCat("write --metric ", metric, ", with --site and --layer where it has them"));
  }
  std::vector<std::string_view> known;
  for (const Metric& one : Metrics()) known.push_back(one.name);
  return with("there is no metric " + Quoted(metric),
              DidYouMean(Nearest(metric, known), "`ofsweep spec --metrics` lists them"));
}

std::vector<Problem> CheckSite(const std::string& name, const std::vector<std::string>& metrics) {
  std::vector<std::string_view> known;
  for (const Site& site : kSites) known.push_back(site.name);
  const Site* found = FindSite(name);
  if (found == nullptr) {
    return {{.key = "--site",
             .message = "there is no site " + Quoted(name),
             .fix = DidYouMean(Nearest(name, known), KnownSites())}};
  }
  const bool is_measured = std::any_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
    const Metric* row = FindMetric(metric);
    return row == nullptr || row->place == found->place;  // an unknown one is told as such
  });
  if (is_measured) return {};
  return {{.key = "--site",
           .message = absl::StrCat(absl::StrJoin(metrics, ", "), metrics.size() == 1 ? " is" : " are",
                                   " not measured at ", name),
           .fix = "`ofsweep spec --metrics` says where each metric is"}};
}

template <class Name>
void Append(const char* what, const std::set<Name>& names, std::vector<std::string>& parts) {
  for (const Name& name : names) parts.push_back(absl::StrCat(what, " ", name));
}

}  // namespace

absl::Status CheckCurveQuery(const CurveQueryNames& query) {
  std::vector<Problem> problems;
  const auto add = [&problems](const std::vector<Problem>& more) {
    problems.insert(problems.end(), more.begin(), more.end());
  };
  for (const std::string& metric : query.metrics) add(CheckMetric(metric));
  for (const std::string& site : query.sites) add(CheckSite(site, query.metrics));
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(ToText(problems));
}

UnansweredNames::UnansweredNames(const CurveQueryNames& query)
    : metrics_(query.metrics.begin(), query.metrics.end()),
      sites_(query.sites.begin(), query.sites.end()),
      layers_(query.layers.begin(), query.layers.end()) {}

void UnansweredNames::Note(const v1::Curve& curve) {
  metrics_.erase(curve.metric());
  sites_.erase(curve.site());
  if (curve.has_layer()) layers_.erase(curve.layer());
}

std::string UnansweredNames::Text() const {
  std::vector<std::string> parts;
  Append("metric", metrics_, parts);
  Append("site", sites_, parts);
  Append("layer", layers_, parts);
  return absl::StrJoin(parts, ", ");
}

}  // namespace ofsweep
