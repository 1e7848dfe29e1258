#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "figures/scene.h"

namespace ofsweep {

// Panels of one size in rows, whose axes are shared: numbers stand left of the first column and below the lowest panel
// of each.
class PanelGrid {
 public:
  struct Spacing {
    double left = 0;    // of the first column, for numbers and label of y
    double right = 0;   // of the last one
    double bottom = 0;  // of the last row
    double title = 0;   // above each panel
  };

  // Of `panels` in a figure of `width` points; `aspect`: a panel's height, of its width.
  PanelGrid(std::size_t panels, double width, double aspect, const Spacing& spacing);

  Box BoxOf(std::size_t panel) const;
  bool IsFirstOfRow(std::size_t panel) const { return panel % columns_ == 0; }
  bool IsLowest(std::size_t panel) const { return panel + columns_ >= panels_; }

  double panel_height() const { return height_; }
  // Of all panels, with what stands above and below them.
  double height() const;

 private:
  double RowHeight() const;

  std::size_t panels_, columns_, rows_;
  Spacing spacing_;
  double width_ = 0, height_ = 0;  // of a panel
};

// A grid in which the titles of its panels have room, each in as many lines as it needs.
class TitledGrid {
 public:
  // A title for each panel, "" for none; the rest as PanelGrid's.
  TitledGrid(const std::vector<std::string>& titles, double width, double aspect, PanelGrid::Spacing spacing);

  const PanelGrid& grid() const { return grid_; }
  // Its lines.
  const std::vector<std::string>& TitleOf(std::size_t panel) const { return titles_[panel]; }

 private:
  std::vector<std::vector<std::string>> titles_;
  PanelGrid grid_;
};

}  // namespace ofsweep
