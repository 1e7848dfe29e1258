#pragma once

#include <string>
#include <variant>
#include <vector>

#include "figures/palette.h"

namespace ofsweep {

// A picture as a list of marks, the later over the earlier: what a figure comes to before anything is drawn, so that a
// test can ask what stands where. Lengths are points, 1/72 inch; x from the left edge, y from the top.

struct Position {
  double x = 0;
  double y = 0;
};

struct Box {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;

  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

struct LineMark {
  std::vector<Position> positions;
  Colour colour;
  double width = 1;
  std::vector<double> dashes = {};
};

struct AreaMark {
  std::vector<Position> outline;
  Colour colour;
  double opacity = 1;
};

struct SymbolMark {
  Position centre;
  Symbol symbol = Symbol::kCircle;
  double radius = 1;
  Colour colour;
};

// Cells of equal size that fill a box, row by row from its top.
struct CellsMark {
  Box box;
  int columns = 1;
  int rows = 1;
  std::vector<Colour> colours;  // columns × rows
};

enum class Anchor { kStart, kMiddle, kEnd };

struct TextMark {
  Position at;  // on the base line
  std::string text;
  double size = 8;
  Anchor anchor = Anchor::kStart;
  bool is_turned = false;  // reads from below to above
};

using Mark = std::variant<LineMark, AreaMark, SymbolMark, CellsMark, TextMark>;

struct Scene {
  double width = 0;
  double height = 0;
  std::vector<Mark> marks;
};

// In millimetres, as widths of columns are given.
inline constexpr double kPointsPerMillimetre = 72 / 25.4;

}  // namespace ofsweep
