#include "cli/plotted_metric.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "experiment/curve_names.h"
#include "experiment/edit_distance.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

// "training loss" for train_loss.
std::string InWords(const std::string& name) {
  std::string words = name;
  if (words.starts_with("train_")) words.replace(0, 6, "training ");
  if (words.starts_with("eval_")) words.replace(0, 5, "validation ");
  return absl::StrReplaceAll(words, {{"_", " "}});
}

std::string WithUnit(const std::string& words, const std::string& metric) {
  const Metric* row = FindMetric(metric);
  if (row == nullptr || row->unit.empty() || row->unit == words) return words;
  return absl::StrCat(words, " (", std::string(row->unit), ")");
}

std::string PlaceInWords(const MetricColumn& metric) {
  const std::string site = metric.site == "attention" ? "block" : InWords(metric.site);  // the maps of a block
  if (!HasLayers(metric)) return site;
  if (metric.layer) return absl::StrCat(site, " ", *metric.layer);
  return (metric.over_layers == MetricColumn::OverLayers::kMax ? "largest " : "mean ") + site;
}

std::string ResultInWords(const std::string& name) {
  const ResultNumber& number = *FindResultNumber(name);
  switch (number.of) {
    case ResultOf::kMeanOfLast:
      return absl::StrCat(InWords(std::string(number.metric)), ", mean block");
    case ResultOf::kMaxOfLast:
      return absl::StrCat(InWords(std::string(number.metric)), ", largest block");
    case ResultOf::kPeak:
      return absl::StrCat(InWords(std::string(number.metric)), ", peak of training");
    case ResultOf::kIncrease:
      return absl::StrCat(InWords(std::string(number.metric)), " beyond unrounded");
    case ResultOf::kLast:
    case ResultOf::kTrial:
      break;
  }
  return InWords(name);
}

absl::Status CheckResult(const std::string& name) {
  if (FindResultNumber(name) != nullptr) return absl::OkStatus();
  std::vector<std::string_view> known;
  for (const ResultNumber& number : kResultNumbers) known.emplace_back(number.name);
  std::string all = "they are ";
  for (std::size_t i = 0; i < known.size(); ++i) absl::StrAppend(&all, i == 0 ? "" : ", ", std::string(known[i]));
  return absl::InvalidArgumentError(
      absl::StrCat("there is no result ", Quoted(name), "; ", DidYouMean(Nearest(name, known), all)));
}

}  // namespace

absl::StatusOr<MetricColumn> ParsePlottedMetric(const std::string& text) {
  const std::string name = text.substr(0, text.find_first_of("@:"));
  if (text.find(':') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metric: ", Quoted(text), " is one number a trial; write it without what is behind the colon"));
  }
  std::vector<Problem> problems;
  CheckCurveNames({name}, {}, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));
  std::string full = text;
  const bool is_alone = name == text;
  const MetricPlace place = FindMetric(name)->place;
  if (is_alone && place == MetricPlace::kResidual) full += "@block";
  if (is_alone && place == MetricPlace::kAttention) full += "@attention";
  const std::size_t at = full.find('@');
  const Site* site = at == std::string::npos ? nullptr : FindSite(full.substr(at + 1));
  if (site != nullptr && site->has_layers) full += ".max";
  auto column = ParseMetricColumn(full);
  if (!column.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--metric: ", std::string(column.status().message())));
  }
  return column;
}

bool HasLayers(const MetricColumn& metric) {
  const Site* site = FindSite(metric.site);
  return site != nullptr && site->has_layers;
}

std::string AxisLabel(const MetricColumn& metric) {
  const std::string words = InWords(metric.metric);
  return WithUnit(metric.site.empty() ? words : absl::StrCat(words, ", ", PlaceInWords(metric)), metric.metric);
}

std::string LayersLabel(const MetricColumn& metric) {
  const std::string words = InWords(metric.metric);
  const bool says_all = metric.site == "block" || metric.site == "attention";
  return WithUnit(says_all ? words : absl::StrCat(words, ", ", InWords(metric.site)), metric.metric);
}

std::string FileWord(const MetricColumn& metric) {
  std::string word = metric.metric;
  if (!metric.site.empty()) absl::StrAppend(&word, "-", metric.site);
  if (!HasLayers(metric)) return word;
  if (metric.layer) return absl::StrCat(word, "-", *metric.layer);
  return word + (metric.over_layers == MetricColumn::OverLayers::kMax ? "-max" : "-mean");
}

absl::StatusOr<PlottedResult> ParsePlottedResult(const std::string& text) {
  const std::size_t slash = text.find('/');
  PlottedResult result{.numerator = text.substr(0, slash)};
  if (absl::Status known = CheckResult(result.numerator); !known.ok()) return known;
  if (slash == std::string::npos) return result;
  result.denominator = text.substr(slash + 1);
  if (absl::Status known = CheckResult(result.denominator); !known.ok()) return known;
  return result;
}

std::string AxisLabel(const PlottedResult& result) {
  if (!result.denominator.empty()) {
    return absl::StrCat(ResultInWords(result.numerator), " / ", ResultInWords(result.denominator));
  }
  const std::string words = ResultInWords(result.numerator);
  if (result.numerator == "wall_seconds") return "wall time (s)";
  return WithUnit(words, std::string(FindResultNumber(result.numerator)->metric));
}

bool HasLogAxis(const PlottedResult& result) {
  const auto is_log = [](const std::string& name) {
    const ResultNumber* number = name.empty() ? nullptr : FindResultNumber(name);
    // A difference may be negative.
    const bool has_metric = number != nullptr && !number->metric.empty() && number->of != ResultOf::kIncrease;
    const Metric* metric = has_metric ? FindMetric(number->metric) : nullptr;
    return metric != nullptr && metric->log_axis;
  };
  return is_log(result.numerator) || is_log(result.denominator);
}

std::string FileWord(const PlottedResult& result) {
  return result.denominator.empty() ? result.numerator : absl::StrCat(result.numerator, "-by-", result.denominator);
}

}  // namespace ofsweep
