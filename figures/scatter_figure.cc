#include "figures/scatter_figure.h"

#include <set>
#include <utility>

#include "figures/legend.h"
#include "figures/panel.h"
#include "figures/panel_grid.h"

namespace ofsweep {
namespace {

constexpr double kAspect = 0.72;
constexpr double kLegendGap = 5;
constexpr double kEdge = 6;
constexpr double kRadius = 2.4;

bool IsDrawable(const TrialDot& dot, const ScatterFigure& figure) {
  return HasPlace(dot.x, figure.x.is_log) && HasPlace(dot.y, figure.y.is_log);
}

Legend LegendOf(const ScatterFigure& figure, double width) {
  std::set<std::size_t> drawn;
  bool has_diverged = false;
  for (const TrialDot& dot : figure.dots) {
    if (!IsDrawable(dot, figure)) continue;
    drawn.insert(dot.group);
    has_diverged = has_diverged || dot.is_diverged;
  }
  std::vector<LegendEntry> entries;
  constexpr auto kKind = LegendEntry::Kind::kSymbol;
  if (figure.groups.size() > 1) {
    for (const std::size_t group : drawn) {
      entries.push_back({.label = figure.groups[group], .style = StyleOf(group), .kind = kKind});
    }
  }
  if (has_diverged) {
    entries.push_back({.label = "diverged", .style = {.colour = kInk, .symbol = Symbol::kCross}, .kind = kKind});
  }
  return {std::move(entries), width};
}

}  // namespace

Scene Draw(const ScatterFigure& figure, double width) {
  Extent xs(figure.x.is_log), ys(figure.y.is_log);
  for (const TrialDot& dot : figure.dots) {
    if (!IsDrawable(dot, figure)) continue;
    xs.Add(dot.x);
    ys.Add(dot.y);
  }
  const Interval x_domain = xs.Domain(0.05), y_domain = ys.Domain(0.05);
  const PanelAxis any_y = MakeYAxis(figure.y.label, figure.y.is_log, y_domain, width / 2);
  const PanelAxis any_x = MakeXAxis(figure.x.label, figure.x.is_log, x_domain, width / 2);
  const PanelGrid grid(1, width, kAspect, {.left = WidthLeftOf(any_y), .right = kEdge, .bottom = HeightBelow(any_x)});
  const Box box = grid.BoxOf(0);
  const Panel panel(box, MakeXAxis(figure.x.label, figure.x.is_log, x_domain, box.width),
                    MakeYAxis(figure.y.label, figure.y.is_log, y_domain, box.height));
  Scene scene{.width = width};
  panel.DrawGrid(scene);
  for (const TrialDot& dot : figure.dots) {
    if (!IsDrawable(dot, figure)) continue;
    const GroupStyle style = StyleOf(dot.group);
    scene.marks.push_back(SymbolMark{.centre = {panel.x().At(dot.x), panel.y().At(dot.y)},
                                     .symbol = dot.is_diverged ? Symbol::kCross : style.symbol,
                                     .radius = kRadius,
                                     .colour = style.colour});
  }
  panel.DrawFrame(scene, {});
  const Legend legend = LegendOf(figure, width);
  legend.Draw(scene, 0, grid.height() + kLegendGap);
  scene.height = grid.height() + (legend.height() > 0 ? kLegendGap + legend.height() : 0) + 1;
  return scene;
}

}  // namespace ofsweep
