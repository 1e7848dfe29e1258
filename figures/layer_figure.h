#pragma once

#include <string>
#include <vector>

#include "figures/scene.h"

namespace ofsweep {

// What one layer came to by step: values[i] is that of the steps behind steps[i - 1], up to steps[i], which ascend.
struct LayerRow {
  int layer = 0;
  std::vector<double> steps;
  std::vector<double> values;
};

struct LayerPanel {
  std::string title;  // "" where there is one alone
  std::vector<LayerRow> rows;
};

// Maps of layer by step, of one scale of colours, which a bar beside them shows. A layer is above the one before it, as
// the residual stream rises. NaN is grey, what is infinite orange; where a map has no value it is white.
struct LayerFigure {
  std::string value_label;
  bool is_log = false;
  std::vector<LayerPanel> panels;
};

// `width` in points.
Scene Draw(const LayerFigure& figure, double width);

}  // namespace ofsweep
