#include "figures/curve_figure.h"

#include <algorithm>
#include <set>
#include <utility>

#include "figures/legend.h"
#include "figures/panel.h"
#include "figures/panel_grid.h"

namespace ofsweep {
namespace {

constexpr double kAspect = 0.72;
constexpr double kLegendGap = 5;
constexpr double kEdge = 6;  // half of a number may stand right of a panel
constexpr double kBandOpacity = 0.16;
constexpr double kLineWidth = 1.2;
constexpr double kThinLineWidth = 0.5;

Interval XsOf(const CurveFigure& figure) {
  Extent xs(false);
  for (const CurvePanel& panel : figure.panels) {
    for (const MeanLine& line : panel.lines) {
      for (const double x : line.xs) xs.Add(x);
    }
  }
  return xs.Domain(0);
}

// A band's lower end does not stretch a logarithmic axis: mean − deviation may be near 0 or below.
Interval ValuesOf(const CurveFigure& figure) {
  Extent values(figure.is_log);
  for (const CurvePanel& panel : figure.panels) {
    for (const MeanLine& line : panel.lines) {
      for (std::size_t i = 0; i < line.means.size(); ++i) {
        values.Add(line.means[i]);
        values.Add(line.means[i] + line.deviations[i]);
        if (!figure.is_log) values.Add(line.means[i] - line.deviations[i]);
      }
    }
  }
  return values.Domain(0.04);
}

void DrawBand(const MeanLine& line, const Panel& panel, Scene& scene) {
  std::vector<Position> upper, lower;
  const auto finish = [&] {
    if (upper.size() > 1) {
      upper.insert(upper.end(), lower.rbegin(), lower.rend());
      scene.marks.push_back(AreaMark{.outline = upper, .colour = StyleOf(line.group).colour, .opacity = kBandOpacity});
    }
    upper.clear();
    lower.clear();
  };
  for (std::size_t i = 0; i < line.xs.size(); ++i) {
    const double high = line.means[i] + line.deviations[i];
    const double low = line.means[i] - line.deviations[i];
    if (!HasPlace(line.means[i], panel.y().is_log()) || !HasPlace(high, panel.y().is_log())) {
      finish();
      continue;
    }
    if (i > 0 && line.xs[i] < line.xs[i - 1]) finish();
    const double x = panel.x().At(line.xs[i]);
    upper.push_back({x, panel.y().At(high)});
    lower.push_back({x, panel.y().At(std::max(low, panel.y().domain().low))});
  }
  finish();
}

void DrawLine(const MeanLine& line, const Panel& panel, Scene& scene) {
  const GroupStyle style = StyleOf(line.group);
  const std::uint32_t all = line.counts.empty() ? 0 : *std::max_element(line.counts.begin(), line.counts.end());
  std::vector<Position> run;
  bool is_thin = false;
  const auto finish = [&] {
    if (run.size() == 1) {  // no line, but a value
      scene.marks.push_back(SymbolMark{.centre = run[0], .radius = 1.8, .colour = style.colour});
    } else if (!run.empty()) {
      scene.marks.push_back(LineMark{.positions = run,
                                     .colour = style.colour,
                                     .width = is_thin ? kThinLineWidth : kLineWidth,
                                     .dashes = style.dashes});
    }
    run.clear();
  };
  for (std::size_t i = 0; i < line.xs.size(); ++i) {
    if (!HasPlace(line.means[i], panel.y().is_log())) {
      finish();
      continue;
    }
    if (i > 0 && line.xs[i] < line.xs[i - 1]) finish();
    const bool is_of_fewer = line.counts[i] < all;
    if (!run.empty() && is_of_fewer != is_thin) {
      const Position joint = run.back();
      if (run.size() > 1) finish();
      run = {joint};
    }
    is_thin = is_of_fewer;
    run.push_back({panel.x().At(line.xs[i]), panel.y().At(line.means[i])});
  }
  finish();
}

Legend LegendOf(const CurveFigure& figure, double width) {
  std::set<std::size_t> drawn;
  for (const CurvePanel& panel : figure.panels) {
    for (const MeanLine& line : panel.lines) drawn.insert(line.group);
  }
  std::vector<LegendEntry> entries;
  if (figure.groups.size() > 1) {
    for (const std::size_t group : drawn) entries.push_back({.label = figure.groups[group], .style = StyleOf(group)});
  }
  return {std::move(entries), width};
}

}  // namespace

Scene Draw(const CurveFigure& figure, double width) {
  const Interval xs = XsOf(figure);
  const Interval values = ValuesOf(figure);
  // The numbers of y need a width, and a panel's height, which follows from its width, decides how many they are.
  const PanelAxis any_y = MakeYAxis(figure.y_label, figure.is_log, values, width / 2);
  const PanelAxis any_x = MakeXAxis(figure.x_label, false, xs, width / 2);
  const PanelGrid::Spacing spacing = {.left = WidthLeftOf(any_y), .right = kEdge, .bottom = HeightBelow(any_x)};
  std::vector<std::string> titles;
  for (const auto& panel : figure.panels) titles.push_back(panel.title);
  const TitledGrid titled(titles, width, kAspect, spacing);
  const PanelGrid& grid = titled.grid();
  const PanelAxis x = MakeXAxis(figure.x_label, false, xs, grid.BoxOf(0).width);
  const PanelAxis y = MakeYAxis(figure.y_label, figure.is_log, values, grid.panel_height());
  Scene scene{.width = width};
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel panel(grid.BoxOf(i), x, y);
    panel.DrawGrid(scene);
    for (const MeanLine& line : figure.panels[i].lines) DrawBand(line, panel, scene);
    for (const MeanLine& line : figure.panels[i].lines) DrawLine(line, panel, scene);
    panel.DrawFrame(scene, {.title = titled.TitleOf(i), .x = grid.IsLowest(i), .y = grid.IsFirstOfRow(i)});
  }
  const Legend legend = LegendOf(figure, width);
  legend.Draw(scene, 0, grid.height() + kLegendGap);
  scene.height = grid.height() + (legend.height() > 0 ? kLegendGap + legend.height() : 0) + 1;
  return scene;
}

}  // namespace ofsweep
