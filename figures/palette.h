#pragma once

#include <cstddef>
#include <vector>

namespace ofsweep {

// Channels from 0 to 255.
struct Colour {
  unsigned char red = 0;
  unsigned char green = 0;
  unsigned char blue = 0;

  bool operator==(const Colour&) const = default;
};

enum class Symbol { kCircle, kSquare, kTriangle, kDiamond, kCross };

// How a group of trials looks in every figure of a sweep.
struct GroupStyle {
  Colour colour;
  std::vector<double> dashes;  // lengths of strokes and gaps, points; empty: a whole line
  Symbol symbol = Symbol::kCircle;
};

// The same colours as the built-in page's (dashboards/web/src/data/color.ts), which readers with each kind of colour
// blindness tell apart; where there are more groups than colours, dashes and symbols tell those of one colour apart.
GroupStyle StyleOf(std::size_t group);

// Of an amount from 0 to 1: viridis, whose lightness rises with it.
Colour Viridis(double share);

inline constexpr Colour kWhite{255, 255, 255};
inline constexpr Colour kInk{0x1d, 0x21, 0x27};        // text, axes
inline constexpr Colour kGrid{0xe4, 0xe7, 0xeb};       // lines across a panel
inline constexpr Colour kNaNColour{0x9b, 0x9b, 0x9b};  // what has no place in viridis
inline constexpr Colour kInfiniteColour{0xe0, 0x59, 0x1c};

}  // namespace ofsweep
