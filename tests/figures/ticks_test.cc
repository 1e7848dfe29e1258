#include "figures/ticks.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> labels;
  for (const Tick& tick : ticks) {
    if (!tick.label.empty()) labels.push_back(tick.label);
  }
  return labels;
}

TEST(Ticks, OfALinearAxisAreRoundAndWithinIt) {
  EXPECT_THAT(Labels(LinearTicks({0, 1200}, 6)), ElementsAre("0", "200", "400", "600", "800", "1000", "1200"));
  EXPECT_THAT(Labels(LinearTicks({-0.11, 0.11}, 4)), ElementsAre("−0.1", "−0.05", "0", "0.05", "0.1"));
  EXPECT_THAT(Labels(LinearTicks({2.31, 2.34}, 3)), ElementsAre("2.31", "2.32", "2.33", "2.34"));
}

TEST(Ticks, OfALogarithmicAxisHaveSmallOnesBetween) {
  const std::vector<Tick> ticks = LogTicks({1, 100}, 1);
  EXPECT_THAT(Labels(ticks), ElementsAre("1", "10", "100"));
  EXPECT_EQ(ticks.size(), 19u);  // 1, 2, …, 9 of two decades, and 100
  EXPECT_THAT(Labels(LogTicks({0.9, 50}, 5)), ElementsAre("1", "2", "5", "10", "20", "50"));
}

TEST(Ticks, OfManyDecadesKeepTheirDistance) {
  const std::vector<Tick> ticks = LogTicks({1e-12, 1e12}, 6);
  EXPECT_THAT(Labels(ticks), Not(IsEmpty()));
  EXPECT_LE(ticks.size(), 8u);
}

// Of 1, 2 and 5 a reader of values below 2 would see one.
TEST(Ticks, OfLessThanADecadeAreThoseOfALinearAxis) {
  EXPECT_THAT(Labels(LogTicks({1, 3.3}, 5)), ElementsAre("1", "1.5", "2", "2.5", "3"));
  EXPECT_THAT(Labels(LogTicks({1.1, 1.6}, 5)), ElementsAre("1.1", "1.2", "1.3", "1.4", "1.5", "1.6"));
}

TEST(TickText, HasAsFewDigitsAsTellTheNumber) {
  EXPECT_EQ(TickText(0), "0");
  EXPECT_EQ(TickText(0.001), "0.001");
  EXPECT_EQ(TickText(1200), "1200");
  EXPECT_EQ(TickText(140000), "140k");
  EXPECT_EQ(TickText(2.5e6), "2.5M");
  EXPECT_EQ(TickText(3e-5), "3e-5");
  EXPECT_EQ(TickText(-2), "−2");
}

}  // namespace
}  // namespace ofsweep
