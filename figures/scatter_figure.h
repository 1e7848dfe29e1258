#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "figures/scene.h"

namespace ofsweep {

struct TrialDot {
  std::size_t group = 0;
  double x = 0;
  double y = 0;
  bool is_diverged = false;
};

struct ResultAxis {
  std::string label;
  bool is_log = false;
};

// One result of a trial against another, a mark a trial; a cross is one that diverged.
struct ScatterFigure {
  ResultAxis x, y;
  std::vector<std::string> groups;  // labels; one alone has no legend
  std::vector<TrialDot> dots;
};

// `width` in points. A dot without a place on an axis is left out.
Scene Draw(const ScatterFigure& figure, double width);

}  // namespace ofsweep
