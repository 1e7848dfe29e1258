// The three figures as scenes: what stands where.

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "figures/curve_figure.h"
#include "figures/layer_figure.h"
#include "figures/scatter_figure.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kWidth = 240;

template <class Kind>
std::vector<Kind> Marks(const Scene& scene) {
  std::vector<Kind> marks;
  for (const Mark& mark : scene.marks) {
    if (const auto* found = std::get_if<Kind>(&mark)) marks.push_back(*found);
  }
  return marks;
}

std::vector<std::string> Texts(const Scene& scene) {
  std::vector<std::string> texts;
  for (const TextMark& mark : Marks<TextMark>(scene)) texts.push_back(mark.text);
  return texts;
}

// Lines of that group's colour within the panel: those of the legend have two positions.
std::vector<LineMark> LinesOf(const Scene& scene, std::size_t group) {
  std::vector<LineMark> lines = Marks<LineMark>(scene);
  std::erase_if(lines, [&](const LineMark& line) {
    return line.colour != StyleOf(group).colour || line.positions[0].y == line.positions.back().y;
  });
  return lines;
}

CurveFigure TwoArms() {
  const MeanLine adam{
      .group = 0, .xs = {0, 10, 20}, .means = {2, 4, 8}, .deviations = {0.5, 1, 1}, .counts = {3, 3, 3}};
  const MeanLine soap{
      .group = 1, .xs = {0, 10, 20}, .means = {2, 1.5, 1.2}, .deviations = {0.1, 0.1, 0.1}, .counts = {3, 3, 3}};
  return {.y_label = "kurtosis", .is_log = true, .groups = {"adam", "soap"}, .panels = {{.lines = {adam, soap}}}};
}

TEST(CurveFigure, HasLabelsNumbersAndALegend) {
  const Scene scene = Draw(TwoArms(), kWidth);
  EXPECT_EQ(scene.width, kWidth);
  EXPECT_THAT(Texts(scene), IsSupersetOf({"kurtosis", "step", "adam", "soap", "0", "20", "2", "5"}));
  EXPECT_EQ(LinesOf(scene, 0).size(), 1u);
  EXPECT_EQ(LinesOf(scene, 1).size(), 1u);
}

TEST(CurveFigure, TheBandIsOneDeviationAboveAndBelowTheMean) {
  CurveFigure figure = TwoArms();
  figure.is_log = false;
  figure.panels[0].lines.resize(1);
  const Scene scene = Draw(figure, kWidth);
  const auto bands = Marks<AreaMark>(scene);
  ASSERT_EQ(bands.size(), 1u);
  const auto line = LinesOf(scene, 0)[0].positions;
  const auto band = bands[0].outline;  // above forwards, below backwards
  ASSERT_EQ(band.size(), 6u);
  const double unit = (line[0].y - line[1].y) / 2;  // from 2 to 4
  EXPECT_NEAR(line[1].y - band[1].y, unit, 1e-9);
  EXPECT_NEAR(band[4].y - line[1].y, unit, 1e-9);
  EXPECT_NEAR(band[5].y - line[0].y, unit / 2, 1e-9);
}

TEST(CurveFigure, ABandBelowZeroEndsAtTheBottomOfALogarithmicAxis) {
  CurveFigure figure = TwoArms();
  figure.panels[0].lines[0].deviations[1] = 100;
  const Scene scene = Draw(figure, kWidth);
  for (const AreaMark& band : Marks<AreaMark>(scene)) {
    for (const Position& position : band.outline) {
      EXPECT_GE(position.y, 0);
      EXPECT_LE(position.y, scene.height);
    }
  }
}

TEST(CurveFigure, ALineIsThinWhereItIsOfFewerTrialsThanElsewhere) {
  CurveFigure figure = TwoArms();
  figure.panels[0].lines.resize(1);
  figure.panels[0].lines[0] = {
      .group = 0, .xs = {0, 1, 2, 3}, .means = {1, 2, 3, 4}, .deviations = {1, 1, 1, 1}, .counts = {6, 6, 2, 2}};
  const auto lines = LinesOf(Draw(figure, kWidth), 0);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].positions.size(), 2u);
  EXPECT_EQ(lines[1].positions.size(), 3u) << "from where the others were left";
  EXPECT_LT(lines[1].width, lines[0].width);
}

// As a mean of clocks does when a slow trial leaves it.
TEST(CurveFigure, ALineBeginsAnewWhereXGoesBack) {
  CurveFigure figure = TwoArms();
  figure.panels[0].lines.resize(1);
  figure.panels[0].lines[0] = {
      .group = 0, .xs = {0, 10, 4, 14}, .means = {1, 2, 3, 4}, .deviations = {1, 1, 1, 1}, .counts = {2, 2, 1, 1}};
  const Scene scene = Draw(figure, kWidth);
  for (const LineMark& line : LinesOf(scene, 0)) {
    EXPECT_LT(line.positions.front().x, line.positions.back().x);
  }
  EXPECT_EQ(LinesOf(scene, 0).size(), 2u);
  EXPECT_EQ(Marks<AreaMark>(scene).size(), 2u);
}

TEST(CurveFigure, ALineHasAGapWhereItsMeanIsNaNAndNoBandOfOneTrial) {
  CurveFigure figure = TwoArms();
  figure.panels[0].lines.resize(1);
  figure.panels[0].lines[0] = {.group = 0,
                               .xs = {0, 1, 2, 3, 4},
                               .means = {1, 2, kNoNumber, 3, 4},
                               .deviations = std::vector<double>(5, kNoNumber),
                               .counts = {1, 1, 1, 1, 1}};
  const Scene scene = Draw(figure, kWidth);
  EXPECT_EQ(LinesOf(scene, 0).size(), 2u);
  EXPECT_TRUE(Marks<AreaMark>(scene).empty());
}

TEST(CurveFigure, PanelsHaveTitlesAndShareTheirAxes) {
  CurveFigure figure = TwoArms();
  figure.panels = {{.title = "pre_norm", .lines = {figure.panels[0].lines[0]}},
                   {.title = "op", .lines = {figure.panels[0].lines[1]}}};
  const Scene scene = Draw(figure, 500);
  const auto texts = Texts(scene);
  EXPECT_THAT(texts, IsSupersetOf({"pre_norm", "op", "adam", "soap"}));
  EXPECT_EQ(std::count(texts.begin(), texts.end(), "kurtosis"), 1);
  EXPECT_EQ(std::count(texts.begin(), texts.end(), "step"), 2);
  EXPECT_EQ(LinesOf(scene, 0)[0].positions[0].y, LinesOf(scene, 1)[0].positions[0].y) << "both begin at 2";
}

TEST(LayerFigure, HasACellForEachLayerAndStepAndABar) {
  const LayerPanel panel{.title = "op · adam",
                         .rows = {{.layer = 0, .steps = {10, 20}, .values = {1, 10}},
                                  {.layer = 1, .steps = {10, 20}, .values = {100, kNoNumber}}}};
  const Scene scene = Draw(LayerFigure{.value_label = "kurtosis", .is_log = true, .panels = {panel}}, kWidth);
  const auto maps = Marks<CellsMark>(scene);
  ASSERT_EQ(maps.size(), 2u);
  const CellsMark& map = maps[0];
  ASSERT_EQ(map.rows, 2);
  const auto at = [&map](int row, double share) {
    return map.colours.at(static_cast<std::size_t>(row) * static_cast<std::size_t>(map.columns) +
                          static_cast<std::size_t>(share * map.columns));
  };
  EXPECT_EQ(at(1, 0.25), Viridis(0)) << "the first layer is the lowest row";
  EXPECT_EQ(at(1, 0.75), Viridis(0.5));
  EXPECT_EQ(at(0, 0.25), Viridis(1));
  EXPECT_EQ(at(0, 0.75), kNaNColour);
  EXPECT_EQ(maps[1].columns, 1);
  EXPECT_THAT(Texts(scene), IsSupersetOf({"kurtosis", "layer", "step", "op · adam", "10", "100"}));
}

TEST(LayerFigure, AMapThatEndsEarlyIsWhiteBehindItsEnd) {
  const LayerPanel whole{.title = "a", .rows = {{.layer = 0, .steps = {10, 20}, .values = {1, 2}}}};
  const LayerPanel early{.title = "b", .rows = {{.layer = 0, .steps = {10}, .values = {2}}}};
  const Scene scene = Draw(LayerFigure{.value_label = "rms", .panels = {whole, early}}, 400);
  EXPECT_EQ(Marks<CellsMark>(scene)[1].colours.front(), Viridis(1));
  EXPECT_EQ(Marks<CellsMark>(scene)[1].colours.back(), kWhite);
}

TEST(ScatterFigure, HasAMarkATrialAndACrossForOneThatDiverged) {
  ScatterFigure figure{
      .x = {.label = "kurtosis", .is_log = true},
      .y = {.label = "loss"},
      .groups = {"adam", "soap"},
      .dots = {{.group = 0, .x = 10, .y = 3}, {.group = 1, .x = 2, .y = 2}, {.group = 1, .x = 0, .y = 1}}};
  EXPECT_THAT(Texts(Draw(figure, kWidth)),
              AllOf(IsSupersetOf({"kurtosis", "loss", "adam", "soap"}), Not(Contains("diverged"))));
  EXPECT_EQ(Marks<SymbolMark>(Draw(figure, kWidth)).size(), 2u + 2u) << "0 has no place on a logarithmic axis";
  figure.dots[0].is_diverged = true;
  const Scene scene = Draw(figure, kWidth);
  EXPECT_THAT(Texts(scene), Contains("diverged"));
  EXPECT_EQ(Marks<SymbolMark>(scene)[0].symbol, Symbol::kCross);
  EXPECT_EQ(Marks<SymbolMark>(scene)[0].colour, StyleOf(0).colour);
}

}  // namespace
}  // namespace ofsweep
