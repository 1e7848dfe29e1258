#include "figures/panel.h"

#include <algorithm>
#include <utility>

#include "figures/text_width.h"

namespace ofsweep {
namespace {

constexpr double kLineWidth = 0.6;
constexpr double kTick = 3;
constexpr double kSmallTick = 1.8;
constexpr double kGap = 2.5;       // between a tick and its number, a number and the label
constexpr double kCapital = 0.72;  // height of a capital letter, of the size
constexpr double kAscender = 0.9;
constexpr double kXTickEvery = 36;
constexpr double kYTickEvery = 22;

double LengthOf(const Tick& tick) {
  return tick.label.empty() ? kSmallTick : kTick;
}

double WidestNumber(const PanelAxis& axis) {
  double widest = 0;
  for (const Tick& tick : axis.ticks) widest = std::max(widest, TextWidth(tick.label, kNumberSize));
  return widest;
}

LineMark Line(const Position& from, const Position& to, const Colour& colour) {
  return {.positions = {from, to}, .colour = colour, .width = kLineWidth};
}

// Smaller than others where it is longer than its axis.
double SizeOfLabel(const std::string& label, double length) {
  return std::min(kLabelSize, kLabelSize * length / std::max(1.0, TextWidth(label, kLabelSize)));
}

PanelAxis MakeAxis(const std::string& label, bool is_log, const Interval& domain, int ticks) {
  return {.label = label, .is_log = is_log, .domain = domain, .ticks = TicksOf(is_log, domain, std::max(2, ticks))};
}

}  // namespace

PanelAxis MakeXAxis(const std::string& label, bool is_log, const Interval& domain, double length) {
  return MakeAxis(label, is_log, domain, static_cast<int>(length / kXTickEvery));
}

PanelAxis MakeYAxis(const std::string& label, bool is_log, const Interval& domain, double length) {
  return MakeAxis(label, is_log, domain, static_cast<int>(length / kYTickEvery));
}

double HeightBelow(const PanelAxis& x) {
  const double numbers = kTick + kGap + kCapital * kNumberSize;
  return x.label.empty() ? numbers : numbers + 2 * kGap + kLabelSize;
}

double WidthLeftOf(const PanelAxis& y) {
  const double numbers = kTick + kGap + WidestNumber(y);
  return y.label.empty() ? numbers : numbers + 2 * kGap + kLabelSize;
}

Panel::Panel(const Box& inside, PanelAxis x, PanelAxis y)
    : inside_(inside),
      x_(std::move(x)),
      y_(std::move(y)),
      x_scale_(x_.is_log, x_.domain, {inside.left, inside.right()}),
      y_scale_(y_.is_log, y_.domain, {inside.bottom(), inside.top}) {}

void Panel::DrawGrid(Scene& scene) const {
  for (const Tick& tick : y_.ticks) {
    const double y = y_scale_.At(tick.value);
    if (!tick.label.empty()) scene.marks.push_back(Line({inside_.left, y}, {inside_.right(), y}, kGrid));
  }
  for (const Tick& tick : x_.ticks) {
    const double x = x_scale_.At(tick.value);
    if (!tick.label.empty()) scene.marks.push_back(Line({x, inside_.top}, {x, inside_.bottom()}, kGrid));
  }
}

void Panel::DrawFrame(Scene& scene, const Words& words) const {
  const Box& box = inside_;
  scene.marks.push_back(LineMark{.positions = {{box.left, box.top},
                                               {box.right(), box.top},
                                               {box.right(), box.bottom()},
                                               {box.left, box.bottom()},
                                               {box.left, box.top}},
                                 .colour = kInk,
                                 .width = kLineWidth});
  DrawX(scene, words.x);
  DrawY(scene, words.y);
  if (words.title.empty()) return;
  scene.marks.push_back(TextMark{.at = {box.left + box.width / 2, box.top - 4},
                                 .text = FitText(words.title, kLabelSize, box.width),
                                 .size = kLabelSize,
                                 .anchor = Anchor::kMiddle});
}

void Panel::DrawX(Scene& scene, bool has_words) const {
  const double bottom = inside_.bottom();
  for (const Tick& tick : x_.ticks) {
    const double x = x_scale_.At(tick.value);
    scene.marks.push_back(Line({x, bottom}, {x, bottom + LengthOf(tick)}, kInk));
    if (!has_words || tick.label.empty()) continue;
    scene.marks.push_back(TextMark{.at = {x, bottom + kTick + kGap + kCapital * kNumberSize},
                                   .text = tick.label,
                                   .size = kNumberSize,
                                   .anchor = Anchor::kMiddle});
  }
  if (!has_words || x_.label.empty()) return;
  scene.marks.push_back(TextMark{.at = {inside_.left + inside_.width / 2, bottom + HeightBelow(x_) - 0.22 * kLabelSize},
                                 .text = x_.label,
                                 .size = SizeOfLabel(x_.label, inside_.width),
                                 .anchor = Anchor::kMiddle});
}

void Panel::DrawY(Scene& scene, bool has_words) const {
  const double left = inside_.left;
  for (const Tick& tick : y_.ticks) {
    const double y = y_scale_.At(tick.value);
    scene.marks.push_back(Line({left - LengthOf(tick), y}, {left, y}, kInk));
    if (!has_words || tick.label.empty()) continue;
    scene.marks.push_back(TextMark{.at = {left - kTick - kGap, y + kCapital * kNumberSize / 2},
                                   .text = tick.label,
                                   .size = kNumberSize,
                                   .anchor = Anchor::kEnd});
  }
  if (!has_words || y_.label.empty()) return;
  scene.marks.push_back(
      TextMark{.at = {left - WidthLeftOf(y_) + kAscender * kLabelSize, inside_.top + inside_.height / 2},
               .text = y_.label,
               .size = SizeOfLabel(y_.label, inside_.height),
               .anchor = Anchor::kMiddle,
               .is_turned = true});
}

}  // namespace ofsweep
