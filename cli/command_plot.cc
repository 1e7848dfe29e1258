#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/plotted_metric.h"
#include "cli/sweep_figures.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr double kColumn = 85;  // of a paper of two, millimetres
constexpr double kBothColumns = 175;

// What is to be drawn, before anything is read.
struct PlotPlan {
  std::vector<MetricColumn> curves;
  std::vector<MetricColumn> layers;
  CurveAxis curve_axis = CurveAxis::kStep;
  bool has_scatter = false;
  PlottedResult x, y;

  std::size_t size() const { return curves.size() + layers.size() + (has_scatter ? 1 : 0); }
};

bool Wants(const PlotOptions& options, PlotKind kind) {
  return options.kinds.empty() || std::find(options.kinds.begin(), options.kinds.end(), kind) != options.kinds.end();
}

absl::StatusOr<std::vector<MetricColumn>> ParseMetrics(const std::vector<std::string>& names) {
  std::vector<MetricColumn> metrics;
  for (const std::string& name : names) {
    auto metric = ParsePlottedMetric(name);
    if (!metric.ok()) return metric.status();
    metrics.push_back(*std::move(metric));
  }
  return metrics;
}

absl::StatusOr<PlottedResult> ParseAxis(const char* option, const std::string& name) {
  auto result = ParsePlottedResult(name);
  if (result.ok()) return result;
  return absl::InvalidArgumentError(absl::StrCat(option, ": ", std::string(result.status().message())));
}

// What --x names: of curves a CurveAxis, else of the scatter a result.
struct PlottedX {
  CurveAxis curves = CurveAxis::kStep;
  PlottedResult scatter = {.numerator = "kurtosis_max"};
};

absl::StatusOr<PlottedX> ParseX(const PlotOptions& options) {
  PlottedX x;
  if (options.x.empty()) return x;
  if (Wants(options, PlotKind::kCurves)) {
    for (const CurveAxis axis : {CurveAxis::kStep, CurveAxis::kTokens, CurveAxis::kSeconds}) {
      if (options.x != (axis == CurveAxis::kStep ? "step" : MetricOf(axis))) continue;
      x.curves = axis;
      return x;
    }
  }
  const std::string curves = "curves are drawn over step, tokens or seconds";
  if (!Wants(options, PlotKind::kScatter)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--x: ", Quoted(options.x), ": ", curves,
                     ", maps over the step, and a scatter over a result: name its --kind"));
  }
  auto result = ParseAxis("--x", options.x);
  if (!result.ok() && Wants(options, PlotKind::kCurves)) {
    return absl::InvalidArgumentError(absl::StrCat(std::string(result.status().message()), "; ", curves));
  }
  if (!result.ok()) return result.status();
  x.scatter = *std::move(result);
  return x;
}

bool IsMeasured(const MetricColumn& metric, const v1::ListSeriesResponse& series) {
  for (const v1::MeasuredMetric& measured : series.metrics()) {
    if (measured.name() != metric.metric) continue;
    for (const v1::MeasuredSite& site : measured.sites()) {
      const auto& layers = site.layers();
      const bool has_layer = !metric.layer || std::find(layers.begin(), layers.end(), *metric.layer) != layers.end();
      if (site.name() == metric.site && has_layer) return true;
    }
  }
  return false;
}

absl::Status NotMeasured(const std::string& sweep, const MetricColumn& metric) {
  std::string place = metric.site;
  if (metric.layer) absl::StrAppend(&place, ", layer ", *metric.layer);
  return absl::NotFoundError(absl::StrCat("no trial of sweep ", sweep, " has measured ", metric.metric,
                                          place.empty() ? "" : " at " + place, "; `ofsweep curves ", sweep,
                                          " --metric ", metric.metric, "` shows what there is of it"));
}

// Of the sites, each once: a map has all layers.
std::vector<MetricColumn> WithLayers(const std::vector<MetricColumn>& metrics) {
  std::vector<MetricColumn> layered;
  std::set<std::pair<std::string, std::string>> known;
  for (const MetricColumn& metric : metrics) {
    if (HasLayers(metric) && known.emplace(metric.metric, metric.site).second) layered.push_back(metric);
  }
  return layered;
}

bool HasResult(const std::vector<v1::Trial>& trials, const std::string& name) {
  return std::any_of(trials.begin(), trials.end(), [&](const auto& trial) { return trial.results().contains(name); });
}

absl::StatusOr<PlotPlan> MakePlan(const PlotOptions& options, const std::vector<MetricColumn>& wanted,
                                  const v1::ListSeriesResponse& series, const std::vector<v1::Trial>& trials) {
  std::vector<MetricColumn> metrics = wanted;
  for (const MetricColumn& metric : metrics) {
    if (!IsMeasured(metric, series)) return NotMeasured(options.sweep, metric);
  }
  if (metrics.empty()) {
    for (const char* name : {"train_loss", "kurtosis"}) {
      const MetricColumn metric = *ParsePlottedMetric(name);
      if (IsMeasured(metric, series)) metrics.push_back(metric);
    }
  }
  PlotPlan plan;
  if (Wants(options, PlotKind::kCurves)) plan.curves = metrics;
  const auto x = ParseX(options);
  if (!x.ok()) return x.status();
  const MetricColumn clock{.metric = MetricOf(x->curves)};
  if (x->curves != CurveAxis::kStep && !IsMeasured(clock, series)) return NotMeasured(options.sweep, clock);
  if (Wants(options, PlotKind::kLayers)) plan.layers = WithLayers(metrics);
  if (!options.kinds.empty() && Wants(options, PlotKind::kLayers) && plan.layers.empty()) {
    return absl::InvalidArgumentError(
        "--kind layers: none of the metrics is measured layer by layer; write --metric kurtosis, or another of "
        "`ofsweep spec --metrics` that has layers");
  }
  const std::string loss = HasResult(trials, "eval_loss") ? "eval_loss" : "train_loss";
  const auto y = ParseAxis("--y", options.y.empty() ? loss : options.y);
  if (!y.ok()) return y.status();
  plan.has_scatter = Wants(options, PlotKind::kScatter);
  plan.curve_axis = x->curves;
  plan.x = x->scatter;
  plan.y = *y;
  return plan;
}

double WidthOf(const PlotOptions& options, std::size_t panels) {
  const double millimetres = panels > 1 ? kBothColumns : kColumn;
  return (options.width_millimetres > 0 ? options.width_millimetres : millimetres) * kPointsPerMillimetre;
}

// None where no trial has both results: an error where the user asked for this figure, else a remark.
absl::Status AddScatter(const PlotOptions& options, const PlotPlan& plan, const std::vector<v1::Trial>& trials,
                        const TrialGroups& groups, std::vector<NamedScene>& scenes, std::ostream& err) {
  const ResultDots made = MakeScatterFigure(trials, plan.x, plan.y, groups);
  const std::string axes = absl::StrCat(AxisLabel(plan.y), " against ", AxisLabel(plan.x));
  if (made.figure.dots.empty()) {
    const std::string why = absl::StrCat("no trial of sweep ", options.sweep, " has a place in ", axes);
    if (!options.kinds.empty()) return absl::NotFoundError(why + "; choose other results with --x and --y");
    err << why << ": that figure is left out" << std::endl;
    return absl::OkStatus();
  }
  if (made.without_outcome > 0) {
    err << made.without_outcome << " of " << trials.size() << " trials are neither completed nor diverged, and not in "
        << axes << std::endl;
  }
  if (made.without_place > 0) {
    err << made.without_place << " of " << trials.size() << " trials have no place in " << axes << std::endl;
  }
  scenes.push_back({absl::StrCat(options.sweep, "-scatter-", FileWord(plan.y), "-", FileWord(plan.x)),
                    Draw(made.figure, WidthOf(options, 1))});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedScene>> DrawPlan(const PlotOptions& options, const PlotPlan& plan,
                                                 const Connection& connection, const std::vector<v1::Trial>& trials,
                                                 const TrialGroups& groups, std::ostream& err) {
  std::vector<NamedScene> scenes;
  const auto clocks = ReadClocks(connection, options.sweep, plan.curve_axis, groups);
  if (!clocks.ok()) return clocks.status();
  const std::string over = plan.curve_axis == CurveAxis::kStep ? "" : "-" + MetricOf(plan.curve_axis);
  for (const MetricColumn& metric : plan.curves) {
    const auto figure = ReadCurveFigure(connection, options.sweep, metric, groups, plan.curve_axis, *clocks);
    if (!figure.ok()) return figure.status();
    scenes.push_back({absl::StrCat(options.sweep, "-curves-", FileWord(metric), over),
                      Draw(*figure, WidthOf(options, figure->panels.size()))});
  }
  for (const MetricColumn& metric : plan.layers) {
    const auto figure = ReadLayerFigure(connection, options.sweep, metric, groups);
    if (!figure.ok()) return figure.status();
    scenes.push_back({absl::StrCat(options.sweep, "-layers-", metric.metric, "-", metric.site),
                      Draw(*figure, WidthOf(options, figure->panels.size()))});
  }
  if (plan.has_scatter) {
    if (absl::Status added = AddScatter(options, plan, trials, groups, scenes, err); !added.ok()) return added;
  }
  return scenes;
}

}  // namespace

absl::Status Plot(const PlotOptions& options, Streams streams) {
  const auto target = ParseFigureTarget(options.out);
  if (!target.ok()) return target.status();
  const auto metrics = ParseMetrics(options.metrics);
  if (!metrics.ok()) return metrics.status();
  if (const auto x = ParseX(options); !x.ok()) return x.status();
  if (!options.y.empty()) {
    if (const auto y = ParseAxis("--y", options.y); !y.ok()) return y.status();
  }
  auto connection = Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  const auto trials = connection->ListTrials(options.sweep, {});
  if (!trials.ok()) return trials.status();
  const auto groups = TrialGroups::Of(*trials, options.keys, options.diverged == DivergedTrials::kDrop);
  if (!groups.ok()) return groups.status();
  if (groups->is_empty()) {
    return absl::NotFoundError(absl::StrCat("all trials of sweep ", options.sweep,
                                            " have diverged, and --diverged drop ",
                                            "leaves them out: there is nothing to draw"));
  }
  if (!groups->only().empty()) {
    streams.err << trials->size() - groups->only().size() << " of " << trials->size()
                << " trials have diverged and are left out" << std::endl;
  }
  if (!groups->pooled().empty()) {
    streams.err << "means are over " << absl::StrJoin(groups->pooled(), ", ")
                << " too; --group-by and --panels tell what is apart" << std::endl;
  }
  v1::ListSeriesRequest request;
  request.set_sweep(options.sweep);
  const auto series = connection->Call(&v1::SweepService::Stub::ListSeries, request);
  if (!series.ok()) return series.status();
  if (series->metrics().empty()) {
    return absl::NotFoundError(absl::StrCat("sweep ", options.sweep,
                                            " has no points yet, so there is nothing to draw; `ofsweep show ",
                                            options.sweep, "` says how far its trials are"));
  }
  const auto plan = MakePlan(options, *metrics, *series, *trials);
  if (!plan.ok()) return plan.status();
  if (!target->is_folder && plan->size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("--out: ", target->path, " is one file, and these are ",
                                                   plan->size(),
                                                   " figures; name a folder, or one --kind and one --metric"));
  }
  const auto scenes = DrawPlan(options, *plan, *connection, *trials, *groups, streams.err);
  if (!scenes.ok()) return scenes.status();
  if (scenes->empty()) return absl::NotFoundError(absl::StrCat("sweep ", options.sweep, " has nothing to draw yet"));
  const auto paths = WriteFigures(*target, *scenes);
  if (!paths.ok()) return paths.status();
  streams.out << absl::StrJoin(*paths, "\n") << "\n";
  return absl::OkStatus();
}

}  // namespace ofsweep
