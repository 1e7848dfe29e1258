#pragma once

#include <string>

namespace ofsweep {

// Of every text in a figure; where a machine lacks it, fontconfig takes the nearest that there is.
inline constexpr const char* kFontFamily = "Liberation Sans";

// How far a text reaches, in points, in letters of `size` points.
double TextWidth(const std::string& text, double size);

// `size`, or a smaller one in which the text has room.
double SizeThatFits(const std::string& text, double size, double width);

// The text, or as much of its beginning as `width` has room for, with "…" behind it.
std::string FitText(const std::string& text, double size, double width);

}  // namespace ofsweep
