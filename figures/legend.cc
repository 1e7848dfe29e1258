#include "figures/legend.h"

#include <algorithm>
#include <utility>

#include "figures/panel.h"
#include "figures/text_width.h"

namespace ofsweep {
namespace {

constexpr double kKeyWidth = 18;
constexpr double kKeyGap = 4;
constexpr double kColumnGap = 12;
constexpr double kRowHeight = 11;

}  // namespace

Legend::Legend(std::vector<LegendEntry> entries, double width) : entries_(std::move(entries)), width_(width) {
  double widest = 0;
  for (LegendEntry& entry : entries_) {
    entry.label = FitText(entry.label, kNumberSize, width - kKeyWidth - kKeyGap);
    widest = std::max(widest, TextWidth(entry.label, kNumberSize));
  }
  column_width_ = kKeyWidth + kKeyGap + widest + kColumnGap;
  const auto fitting = static_cast<std::size_t>(std::max(1.0, (width + kColumnGap) / column_width_));
  const std::size_t rows = (entries_.size() + fitting - 1) / std::max<std::size_t>(1, fitting);
  columns_ = rows == 0 ? 1 : (entries_.size() + rows - 1) / rows;
}

double Legend::height() const {
  const std::size_t rows = (entries_.size() + columns_ - 1) / columns_;
  return kRowHeight * static_cast<double>(rows);
}

void Legend::Draw(Scene& scene, double left, double top) const {
  const double used = column_width_ * static_cast<double>(columns_) - kColumnGap;
  const double first = left + std::max(0.0, (width_ - used) / 2);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const LegendEntry& entry = entries_[i];
    const std::size_t column = i % columns_;
    const std::size_t row = i / columns_;
    const double x = first + column_width_ * static_cast<double>(column);
    const double y = top + kRowHeight * (static_cast<double>(row) + 0.5);
    if (entry.kind == LegendEntry::Kind::kLine) {
      scene.marks.push_back(LineMark{.positions = {{x, y}, {x + kKeyWidth, y}},
                                     .colour = entry.style.colour,
                                     .width = 1.4,
                                     .dashes = entry.style.dashes});
    } else {
      scene.marks.push_back(SymbolMark{
          .centre = {x + kKeyWidth - 5, y}, .symbol = entry.style.symbol, .radius = 2.4, .colour = entry.style.colour});
    }
    scene.marks.push_back(
        TextMark{.at = {x + kKeyWidth + kKeyGap, y + 0.36 * kNumberSize}, .text = entry.label, .size = kNumberSize});
  }
}

}  // namespace ofsweep
