#include "cli/sweep_figures.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "experiment/metric_table.h"
#include "experiment/over_blocks.h"
#include "figures/scale.h"
#include "storage/curve_means.h"

namespace ofsweep {
namespace {

// Columns of a map: with more, they are narrower than a reader sees.
constexpr std::uint32_t kMapColumns = 300;

// Calls `take` for each curve, or piece of a long one, as it arrives.
absl::Status ForEachCurve(const Connection& connection, const v1::QueryCurvesRequest& request,
                          const std::function<void(const v1::Curve&)>& take) {
  grpc::ClientContext context;
  const auto reader = connection.stub().QueryCurves(&context, request);
  v1::QueryCurvesResponse message;
  while (reader->Read(&message)) {
    for (const v1::Curve& curve : message.curves()) take(curve);
  }
  return FromRpc(reader->Finish(), connection.target());
}

v1::QueryCurvesRequest QueryOf(const std::string& sweep, const MetricColumn& metric, const TrialGroups& groups) {
  v1::QueryCurvesRequest request;
  request.set_sweep(sweep);
  request.add_metrics(metric.metric);
  if (!metric.site.empty()) request.add_sites(metric.site);
  request.mutable_trial_ids()->Add(groups.only().begin(), groups.only().end());
  return request;
}

bool IsLog(const MetricColumn& metric) {
  const Metric* row = FindMetric(metric.metric);
  return row != nullptr && row->log_axis;
}

// The curves of a sweep as they stream in, trial by trial: each trial's layers become one curve, and the curves of each
// place in the figure a mean.
class MeansByPlace {
 public:
  MeansByPlace(const TrialGroups& groups, MetricColumn::OverLayers over_layers)
      : groups_(groups), takes_mean_(over_layers == MetricColumn::OverLayers::kMean) {}

  void Take(const v1::Curve& curve) {
    if (curve.trial_id() != trial_id_) FinishTrial();
    trial_id_ = curve.trial_id();
    for (int i = 0; i < curve.steps_size(); ++i) layers_[curve.steps(i)].Add(curve.steps(i), curve.values(i));
  }

  std::map<FigurePlace, Curve> Finish() {
    FinishTrial();
    std::map<FigurePlace, Curve> means;
    for (auto& [place, sum] : sums_) means.emplace(place, std::move(sum.Take().front()));
    return means;
  }

 private:
  void FinishTrial() {
    Curve curve{.trial_id = trial_id_};
    for (const auto& [step, over] : std::exchange(layers_, {})) {
      curve.steps.push_back(step);
      curve.values.push_back(takes_mean_ ? over.sum / static_cast<double>(over.blocks) : over.max);
    }
    const auto place = groups_.Find(trial_id_);
    if (place && !curve.steps.empty()) sums_.try_emplace(*place, CurveMean::kArithmetic).first->second.Add(curve);
  }

  const TrialGroups& groups_;
  const bool takes_mean_;
  std::string trial_id_;
  std::map<std::int64_t, OverBlocks> layers_;  // of that trial, by step
  std::map<FigurePlace, CurveMeans> sums_;
};

absl::StatusOr<std::map<FigurePlace, Curve>> ReadMeans(const Connection& connection, const std::string& sweep,
                                                       const MetricColumn& metric, const TrialGroups& groups) {
  v1::QueryCurvesRequest request = QueryOf(sweep, metric, groups);
  if (metric.layer) request.add_layers(static_cast<std::uint32_t>(*metric.layer));
  MeansByPlace means(groups, metric.over_layers);
  const absl::Status read = ForEachCurve(connection, request, [&](const v1::Curve& curve) { means.Take(curve); });
  if (!read.ok()) return read;
  return means.Finish();
}

// Straight between the points of a curve that has some, and as at its ends outside of them.
double ReadAt(const Curve& curve, double step) {
  const auto next = std::lower_bound(curve.steps.begin(), curve.steps.end(), step);
  if (next == curve.steps.end()) return curve.values.back();
  const auto i = static_cast<std::size_t>(next - curve.steps.begin());
  if (i == 0) return curve.values.front();
  const auto from = static_cast<double>(curve.steps[i - 1]), to = static_cast<double>(curve.steps[i]);
  return curve.values[i - 1] + (curve.values[i] - curve.values[i - 1]) * (step - from) / (to - from);
}

std::string LabelOf(CurveAxis axis) {
  if (axis == CurveAxis::kStep) return "step";
  return axis == CurveAxis::kTokens ? "tokens" : "training time (s)";
}

std::string TitleOf(const TrialGroups& groups, const FigurePlace& place) {
  const std::string &panel = groups.panels()[place.panel], &group = groups.groups()[place.group];
  return panel + (panel.empty() || group.empty() ? "" : " · ") + group;
}

// None where the trial has not got them.
std::optional<double> ValueOf(const v1::Trial& trial, const PlottedResult& result) {
  const auto& results = trial.results();
  const auto numerator = results.find(result.numerator);
  if (numerator == results.end()) return std::nullopt;
  if (result.denominator.empty()) return numerator->second;
  const auto denominator = results.find(result.denominator);
  if (denominator == results.end()) return std::nullopt;
  return numerator->second / denominator->second;
}

}  // namespace

std::string MetricOf(CurveAxis axis) {
  switch (axis) {
    case CurveAxis::kTokens:
      return "tokens";
    case CurveAxis::kSeconds:
      return "seconds";
    case CurveAxis::kStep:
      break;
  }
  return "";
}

absl::StatusOr<GroupClocks> ReadClocks(const Connection& connection, const std::string& sweep, CurveAxis axis,
                                       const TrialGroups& groups) {
  if (axis == CurveAxis::kStep) return GroupClocks();
  return ReadMeans(connection, sweep, {.metric = MetricOf(axis)}, groups);
}

absl::StatusOr<CurveFigure> ReadCurveFigure(const Connection& connection, const std::string& sweep,
                                            const MetricColumn& metric, const TrialGroups& groups, CurveAxis axis,
                                            const GroupClocks& clocks) {
  auto means = ReadMeans(connection, sweep, metric, groups);
  if (!means.ok()) return means.status();
  CurveFigure figure{
      .x_label = LabelOf(axis), .y_label = AxisLabel(metric), .is_log = IsLog(metric), .groups = groups.groups()};
  std::map<std::size_t, CurvePanel> panels;
  for (auto& [place, mean] : *means) {
    std::vector<double> xs(mean.steps.begin(), mean.steps.end());
    if (axis != CurveAxis::kStep) {
      const auto clock = clocks.find(place);
      if (clock == clocks.end()) continue;
      for (double& x : xs) x = ReadAt(clock->second, x);
    }
    CurvePanel& panel = panels[place.panel];
    panel.title = groups.panels()[place.panel];
    panel.lines.push_back({.group = place.group,
                           .xs = std::move(xs),
                           .means = std::move(mean.values),
                           .deviations = std::move(mean.deviations),
                           .counts = std::move(mean.counts)});
  }
  for (auto& [number, panel] : panels) figure.panels.push_back(std::move(panel));
  return figure;
}

absl::StatusOr<LayerFigure> ReadLayerFigure(const Connection& connection, const std::string& sweep,
                                            const MetricColumn& metric, const TrialGroups& groups) {
  v1::QueryCurvesRequest request = QueryOf(sweep, metric, groups);
  request.set_max_buckets(kMapColumns);
  request.set_peaks(true);
  if (IsLog(metric)) request.set_mean("geometric");
  // Of a sweep that varies nothing, any key makes one group.
  request.mutable_group_by()->Add(groups.keys().begin(), groups.keys().end());
  if (groups.keys().empty()) request.add_group_by("model.block");
  std::map<FigurePlace, std::map<int, LayerRow>> maps;
  const absl::Status read = ForEachCurve(connection, request, [&](const v1::Curve& curve) {
    const auto place = curve.trial_ids_size() == 0 ? std::nullopt : groups.Find(curve.trial_ids(0));
    if (!place || !curve.has_layer()) return;
    LayerRow& row = maps[*place][static_cast<int>(curve.layer())];
    row.layer = static_cast<int>(curve.layer());
    row.steps.insert(row.steps.end(), curve.steps().begin(), curve.steps().end());
    row.values.insert(row.values.end(), curve.values().begin(), curve.values().end());
  });
  if (!read.ok()) return read;
  LayerFigure figure{.value_label = LayersLabel(metric) + (IsLog(metric) ? ", geometric mean" : ", mean"),
                     .is_log = IsLog(metric)};
  for (auto& [place, rows] : maps) {
    LayerPanel& panel = figure.panels.emplace_back(LayerPanel{.title = TitleOf(groups, place)});
    for (auto& [layer, row] : rows) panel.rows.push_back(std::move(row));
  }
  return figure;
}

ResultDots MakeScatterFigure(const std::vector<v1::Trial>& trials, const PlottedResult& x, const PlottedResult& y,
                             const TrialGroups& groups) {
  ResultDots made;
  made.figure = {.x = {.label = AxisLabel(x), .is_log = HasLogAxis(x)},
                 .y = {.label = AxisLabel(y), .is_log = HasLogAxis(y)}};
  // All trials are in one panel, which has a colour for each of what panels and groups tell apart.
  for (std::size_t panel = 0; panel < groups.panels().size(); ++panel) {
    for (std::size_t group = 0; group < groups.groups().size(); ++group) {
      made.figure.groups.push_back(TitleOf(groups, {panel, group}));
    }
  }
  for (const v1::Trial& trial : trials) {
    const auto place = groups.Find(trial.trial_id());
    if (!place) continue;
    if (trial.state() != "completed" && trial.state() != "diverged") {
      ++made.without_outcome;
      continue;
    }
    const auto at_x = ValueOf(trial, x), at_y = ValueOf(trial, y);
    if (!at_x || !at_y || !HasPlace(*at_x, made.figure.x.is_log) || !HasPlace(*at_y, made.figure.y.is_log)) {
      ++made.without_place;
      continue;
    }
    made.figure.dots.push_back({.group = place->panel * groups.groups().size() + place->group,
                                .x = *at_x,
                                .y = *at_y,
                                .is_diverged = trial.state() == "diverged"});
  }
  return made;
}

}  // namespace ofsweep
