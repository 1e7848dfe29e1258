#include "figures/panel_grid.h"

#include <algorithm>
#include <cmath>

#include "figures/panel.h"

namespace ofsweep {
namespace {

constexpr double kGapAcross = 9;
constexpr double kGapDown = 8;
constexpr double kTopEdge = 4;           // half of a number may stand above a panel
constexpr double kLeastPanelWidth = 95;  // narrower ones go into a further row

}  // namespace

PanelGrid::PanelGrid(std::size_t panels, double width, double aspect, const Spacing& spacing)
    : panels_(std::max<std::size_t>(1, panels)), spacing_(spacing) {
  const double free = width - spacing.left - spacing.right;
  const auto most = static_cast<std::size_t>(std::max(1.0, (free + kGapAcross) / (kLeastPanelWidth + kGapAcross)));
  rows_ = (panels_ + most - 1) / most;
  columns_ = (panels_ + rows_ - 1) / rows_;  // equally many in each row, as far as that goes
  const auto columns = static_cast<double>(columns_);
  width_ = (free - kGapAcross * (columns - 1)) / columns;
  height_ = std::round(width_ * aspect);
}

double PanelGrid::RowHeight() const {
  return height_ + spacing_.title + kGapDown;
}

// The lowest panel of a column has its numbers where the next row would begin, so short rows come last.
double PanelGrid::height() const {
  return kTopEdge + RowHeight() * static_cast<double>(rows_) - kGapDown + spacing_.bottom;
}

Box PanelGrid::BoxOf(std::size_t panel) const {
  const std::size_t column = panel % columns_;
  const std::size_t row = panel / columns_;
  return {.left = spacing_.left + static_cast<double>(column) * (width_ + kGapAcross),
          .top = kTopEdge + spacing_.title + static_cast<double>(row) * RowHeight(),
          .width = width_,
          .height = height_};
}

TitledGrid::TitledGrid(const std::vector<std::string>& titles, double width, double aspect, PanelGrid::Spacing spacing)
    : grid_(titles.size(), width, aspect, spacing) {
  const double panel_width = grid_.BoxOf(0).width;  // which does not depend on titles
  for (const std::string& title : titles) {
    titles_.push_back(TitleLines(title, panel_width));
    spacing.title = std::max(spacing.title, HeightOfTitle(titles_.back().size()));
  }
  grid_ = PanelGrid(titles.size(), width, aspect, spacing);
}

}  // namespace ofsweep
