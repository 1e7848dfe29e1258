#include "figures/panel.h"

#include <algorithm>
#include <string_view>
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
constexpr double kTitleGap = 4;
constexpr double kTitleLine = 9.5;

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

std::vector<std::string> TitleLines(const std::string& title, double width) {
  constexpr std::string_view kBetween = " · ";
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < title.size();) {
    const std::size_t end = std::min(title.find(kBetween, at), title.size());
    const std::string part = title.substr(at, end - at);
    at = end + kBetween.size();
    const std::string joined = lines.empty() ? part : lines.back() + std::string(kBetween) + part;
    if (!lines.empty() && TextWidth(joined, kLabelSize) <= width) {
      lines.back() = joined;
    } else {
      lines.push_back(part);
    }
  }
  return lines;
}

double HeightOfTitle(std::size_t lines) {
  return static_cast<double>(lines) * kTitleLine + (lines > 0 ? kTitleGap - 1.5 : 0);
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
  double base = box.top - kTitleGap;
  for (auto line = words.title.rbegin(); line != words.title.rend(); ++line, base -= kTitleLine) {
    scene.marks.push_back(TextMark{.at = {box.left + box.width / 2, base},
                                   .text = FitText(*line, kLabelSize, box.width),
                                   .size = kLabelSize,
                                   .anchor = Anchor::kMiddle});
  }
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
                                 .size = SizeThatFits(x_.label, kLabelSize, inside_.width),
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
               .size = SizeThatFits(y_.label, kLabelSize, inside_.height),
               .anchor = Anchor::kMiddle,
               .is_turned = true});
}

}  // namespace ofsweep
