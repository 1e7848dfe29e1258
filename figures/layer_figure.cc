#include "figures/layer_figure.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "figures/panel.h"
#include "figures/panel_grid.h"
#include "figures/text_width.h"

namespace ofsweep {
namespace {

constexpr double kAspect = 0.6;
constexpr double kBarGap = 9;
constexpr double kBarWidth = 8;
constexpr double kBarTick = 3;
constexpr double kTextGap = 2.5;
constexpr int kBarCells = 128;
constexpr double kColumnsAPoint = 4;   // 288 an inch
constexpr double kLeastRowHeight = 8;  // that has room for its number

std::vector<int> LayersOf(const LayerFigure& figure) {
  std::set<int> layers;
  for (const LayerPanel& panel : figure.panels) {
    for (const LayerRow& row : panel.rows) layers.insert(row.layer);
  }
  return {layers.begin(), layers.end()};
}

double LastStep(const LayerFigure& figure) {
  double last = 1;
  for (const LayerPanel& panel : figure.panels) {
    for (const LayerRow& row : panel.rows) {
      if (!row.steps.empty()) last = std::max(last, row.steps.back());
    }
  }
  return last;
}

Scale ColoursOf(const LayerFigure& figure) {
  Extent values(figure.is_log);
  for (const LayerPanel& panel : figure.panels) {
    for (const LayerRow& row : panel.rows) {
      for (const double value : row.values) values.Add(value);
    }
  }
  return {figure.is_log, values.Domain(0), {0, 1}};
}

Colour ColourOf(double value, const Scale& colours) {
  if (std::isinf(value) && value > 0) return kInfiniteColour;
  return HasPlace(value, colours.is_log()) ? Viridis(colours.At(value)) : kNaNColour;
}

CellsMark CellsOf(const LayerPanel& panel, const std::vector<int>& layers, double last_step, const Scale& colours,
                  const Box& box) {
  CellsMark cells{.box = box,
                  .columns = std::max(1, static_cast<int>(box.width * kColumnsAPoint)),
                  .rows = static_cast<int>(layers.size())};
  cells.colours.assign(static_cast<std::size_t>(cells.columns) * layers.size(), kWhite);
  for (const LayerRow& row : panel.rows) {
    const auto from_below = std::lower_bound(layers.begin(), layers.end(), row.layer) - layers.begin();
    const auto first =
        (layers.size() - 1 - static_cast<std::size_t>(from_below)) * static_cast<std::size_t>(cells.columns);
    for (int column = 0; column < cells.columns; ++column) {
      const double step = last_step * (column + 0.5) / cells.columns;
      const auto found = std::lower_bound(row.steps.begin(), row.steps.end(), step);
      if (found == row.steps.end()) break;
      const double value = row.values[static_cast<std::size_t>(found - row.steps.begin())];
      cells.colours[first + static_cast<std::size_t>(column)] = ColourOf(value, colours);
    }
  }
  return cells;
}

// Rows are numbered in their middles; not all of them where they are low.
PanelAxis LayerAxis(const std::vector<int>& layers, double length) {
  PanelAxis axis{.label = "layer", .domain = {0, std::max(1.0, static_cast<double>(layers.size()))}};
  const double row_height = length / axis.domain.high;
  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(kLeastRowHeight / row_height)));
  for (std::size_t i = 0; i < layers.size(); i += every) {
    axis.ticks.push_back({static_cast<double>(i) + 0.5, std::to_string(layers[i])});
  }
  return axis;
}

struct ColourBar {
  Scale colours;
  std::vector<Tick> ticks;
  std::string label;

  double Width() const {
    double widest = 0;
    for (const Tick& tick : ticks) widest = std::max(widest, TextWidth(tick.label, kNumberSize));
    return kBarGap + kBarWidth + kBarTick + kTextGap + widest + 2 * kTextGap + kLabelSize;
  }

  void Draw(Scene& scene, const Box& box) const {
    CellsMark cells{.box = box, .columns = 1, .rows = kBarCells};
    for (int row = 0; row < kBarCells; ++row) cells.colours.push_back(Viridis(1 - (row + 0.5) / kBarCells));
    scene.marks.push_back(std::move(cells));
    for (const Tick& tick : ticks) {
      const double y = box.bottom() - box.height * colours.At(tick.value);
      const double length = tick.label.empty() ? kBarTick * 0.6 : kBarTick;
      scene.marks.push_back(
          LineMark{.positions = {{box.right(), y}, {box.right() + length, y}}, .colour = kInk, .width = 0.6});
      if (tick.label.empty()) continue;
      scene.marks.push_back(TextMark{
          .at = {box.right() + kBarTick + kTextGap, y + 0.36 * kNumberSize}, .text = tick.label, .size = kNumberSize});
    }
    scene.marks.push_back(TextMark{.at = {scene.width - 0.24 * kLabelSize, box.top + box.height / 2},
                                   .text = label,
                                   .size = SizeThatFits(label, kLabelSize, box.height),
                                   .anchor = Anchor::kMiddle,
                                   .is_turned = true});
  }
};

}  // namespace

Scene Draw(const LayerFigure& figure, double width) {
  const std::vector<int> layers = LayersOf(figure);
  const double last_step = LastStep(figure);
  const Scale colours = ColoursOf(figure);
  const ColourBar bar{
      .colours = colours, .ticks = TicksOf(figure.is_log, colours.domain(), 5), .label = figure.value_label};
  const PanelAxis any_y = LayerAxis(layers, width / 4);
  const PanelAxis any_x = MakeXAxis("step", false, {0, last_step}, width / 2);
  const PanelGrid::Spacing spacing = {.left = WidthLeftOf(any_y), .right = bar.Width(), .bottom = HeightBelow(any_x)};
  std::vector<std::string> titles;
  for (const auto& panel : figure.panels) titles.push_back(panel.title);
  const TitledGrid titled(titles, width, kAspect, spacing);
  const PanelGrid& grid = titled.grid();
  const PanelAxis x = MakeXAxis("step", false, {0, last_step}, grid.BoxOf(0).width);
  const PanelAxis y = LayerAxis(layers, grid.panel_height());
  Scene scene{.width = width, .height = grid.height() + 1};
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const Panel panel(grid.BoxOf(i), x, y);
    scene.marks.push_back(CellsOf(figure.panels[i], layers, last_step, colours, panel.inside()));
    panel.DrawFrame(scene, {.title = titled.TitleOf(i), .x = grid.IsLowest(i), .y = grid.IsFirstOfRow(i)});
  }
  const double top = grid.BoxOf(0).top;
  const double bottom = grid.height() - HeightBelow(x);
  bar.Draw(scene, {.left = width - bar.Width() + kBarGap, .top = top, .width = kBarWidth, .height = bottom - top});
  return scene;
}

}  // namespace ofsweep
