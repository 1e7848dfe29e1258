#include "figures/render.h"

#include <gmock/gmock.h>

#include "figures/text_width.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Scene OneOfEach() {
  return {.width = 100,
          .height = 60,
          .marks = {LineMark{.positions = {{1, 1}, {50, 30}}, .colour = {0, 0x72, 0xb2}},
                    AreaMark{.outline = {{0, 0}, {10, 0}, {10, 10}}, .colour = {0, 0, 255}, .opacity = 0.2},
                    SymbolMark{.centre = {20, 20}, .symbol = Symbol::kDiamond, .radius = 3, .colour = {255, 0, 0}},
                    CellsMark{.box = {50, 30, 20, 20}, .columns = 1, .rows = 2, .colours = {{0, 255, 0}, {9, 9, 9}}},
                    TextMark{.at = {10, 50}, .text = "kurtosis · 3 × 10", .size = 8}}};
}

std::string Bytes(FigureFormat format) {
  const auto bytes = Render(OneOfEach(), format);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

TEST(Render, SvgHasThePathsAndItsSize) {
  EXPECT_THAT(Bytes(FigureFormat::kSvg),
              AllOf(HasSubstr("<svg"), HasSubstr("viewBox=\"0 0 100 60\""), HasSubstr("M 1 1 L 50 30"),
                    HasSubstr("<image"), HasSubstr("xlink:href=\"#glyph"), HasSubstr("</svg>")));
}

// A second figure of one process has other numbers inside cairo.
TEST(Render, TheSameSceneGivesTheSameBytesWithoutADate) {
  for (const FigureFormat format : {FigureFormat::kSvg, FigureFormat::kPdf, FigureFormat::kPng}) {
    EXPECT_EQ(Bytes(format), Bytes(format));
  }
  EXPECT_THAT(Bytes(FigureFormat::kPdf), AllOf(StartsWith("%PDF"), Not(HasSubstr("CreationDate"))));
  EXPECT_THAT(Bytes(FigureFormat::kPng), StartsWith("\x89PNG"));
}

TEST(FitText, CutsWholeCharacters) {
  EXPECT_EQ(FitText("op", 8, 100), "op");
  const std::string cut = FitText("··········", 8, TextWidth("····…", 8));
  EXPECT_EQ(cut, "····…");
}

}  // namespace
}  // namespace ofsweep
