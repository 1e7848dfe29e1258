#include "figures/scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ofsweep {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Scale, PlacesValuesBetweenItsEnds) {
  const Scale linear(false, {0, 10}, {100, 200});
  EXPECT_DOUBLE_EQ(linear.At(0), 100);
  EXPECT_DOUBLE_EQ(linear.At(2.5), 125);
  const Scale upwards(true, {1, 100}, {50, 10});
  EXPECT_DOUBLE_EQ(upwards.At(1), 50);
  EXPECT_DOUBLE_EQ(upwards.At(10), 30);
  EXPECT_DOUBLE_EQ(upwards.At(100), 10);
}

TEST(Scale, HasNoPlaceForWhatCannotBeDrawn) {
  const Scale linear(false, {-1, 1}, {0, 1});
  EXPECT_FALSE(std::isnan(linear.At(-1)));
  EXPECT_TRUE(std::isnan(linear.At(kNaN)));
  EXPECT_TRUE(std::isnan(linear.At(kInfinity)));
  EXPECT_TRUE(std::isnan(Scale(true, {1, 10}, {0, 1}).At(0)));
}

TEST(Extent, IsOfWhatHasAPlaceAndNeverEmpty) {
  Extent log(true);
  EXPECT_LT(log.Domain(0).low, log.Domain(0).high);
  for (const double value : {kNaN, -3.0, 0.0, 2.0, kInfinity, 8.0}) log.Add(value);
  EXPECT_EQ(log.Domain(0).low, 2);
  EXPECT_EQ(log.Domain(0).high, 8);
  EXPECT_LT(log.Domain(0.1).low, 2);
  EXPECT_GT(log.Domain(0.1).low, 0);
  Extent one(false);
  one.Add(5);
  EXPECT_LT(one.Domain(0).low, 5);
  EXPECT_GT(one.Domain(0).high, 5);
}

}  // namespace
}  // namespace ofsweep
