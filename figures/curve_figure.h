#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "figures/scene.h"

namespace ofsweep {

// The mean of a group of trials, at each step of those that have a value there, in the order of the steps. Where a mean
// is NaN or infinite the line has a gap, where a deviation is, the band. Where fewer trials have a value than
// elsewhere, since some have diverged or were shorter, the line is thin: it is of others than before. It begins anew
// where x goes back, as a mean of clocks does when a slow trial leaves it.
struct MeanLine {
  std::size_t group = 0;
  std::vector<double> xs;
  std::vector<double> means;
  std::vector<double> deviations;     // as long as the means
  std::vector<std::uint32_t> counts;  // trials of each mean; as long
};

struct CurvePanel {
  std::string title;  // "" where there is one alone
  std::vector<MeanLine> lines;
};

// Curves over the steps, or what they stand for, each with a band of ± one standard deviation; panels share their axes.
struct CurveFigure {
  std::string x_label = "step";
  std::string y_label;
  bool is_log = false;
  std::vector<std::string> groups;  // labels; one alone has no legend
  std::vector<CurvePanel> panels;
};

// `width` in points.
Scene Draw(const CurveFigure& figure, double width);

}  // namespace ofsweep
