#pragma once

#include <string>
#include <vector>

#include "figures/scale.h"
#include "figures/scene.h"
#include "figures/ticks.h"

namespace ofsweep {

inline constexpr double kLabelSize = 8;   // of letters, points: axes, legends, titles
inline constexpr double kNumberSize = 7;  // of ticks

struct PanelAxis {
  std::string label;
  bool is_log = false;
  Interval domain;
  std::vector<Tick> ticks;
};

// With as many ticks as an axis of `length` points has room for: numbers of an x axis stand beside each other, of a y
// axis above each other.
PanelAxis MakeXAxis(const std::string& label, bool is_log, const Interval& domain, double length);
PanelAxis MakeYAxis(const std::string& label, bool is_log, const Interval& domain, double length);

// What numbers and label of an axis take beside a panel: below it, and to its left.
double HeightBelow(const PanelAxis& x);
double WidthLeftOf(const PanelAxis& y);

// A title such as "op · adam · learning rate 0.001" as lines of panels that are so wide, and what they take above one.
std::vector<std::string> TitleLines(const std::string& title, double width);
double HeightOfTitle(std::size_t lines);

// A rectangle with axes.
class Panel {
 public:
  Panel(const Box& inside, PanelAxis x, PanelAxis y);

  const Box& inside() const { return inside_; }
  const Scale& x() const { return x_scale_; }
  const Scale& y() const { return y_scale_; }

  // Lines across it at the ticks that have a number: below the data.
  void DrawGrid(Scene& scene) const;

  // Above the data: the frame, its ticks, a title, and the numbers and labels of those axes that have not got them from
  // a panel beside it.
  struct Words {
    std::vector<std::string> title;  // lines
    bool x = true;
    bool y = true;
  };
  void DrawFrame(Scene& scene, const Words& words) const;

 private:
  void DrawX(Scene& scene, bool has_words) const;
  void DrawY(Scene& scene, bool has_words) const;

  Box inside_;
  PanelAxis x_, y_;
  Scale x_scale_, y_scale_;
};

}  // namespace ofsweep
