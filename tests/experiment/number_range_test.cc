#include "experiment/number_range.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(NumberRange, HoldsNumbersAloneAndNoNan) {
  for (const char* good : {"1", "0.5", "1e300", "1_000"}) EXPECT_EQ(WhyNotIn(kPositive, good), "") << good;
  for (const char* bad : {"nan", "NAN", "-nan", "inf", "-inf", "0", "-1", "4GB", "", " ", "+1", "1e999"}) {
    EXPECT_NE(WhyNotIn(kPositive, bad), "") << bad;
  }
  EXPECT_TRUE((NumberRange{.minimum = -1, .maximum = 1}).Holds(-1));
  EXPECT_FALSE((NumberRange{.minimum = -1, .maximum = 1, .open_minimum = true}).Holds(-1));
  EXPECT_FALSE((NumberRange{.whole = true}).Holds(1.5));
}

TEST(NumberRange, SaysWhatIsExpectedWithoutTheDigitsOfTheLargestNumber) {
  EXPECT_EQ(WhyNotIn(kPositive, "4GB"), "expected a number > 0, got \"4GB\"");
  EXPECT_EQ(WhyNotIn(kPositiveWhole, "0"), "expected an integer ≥ 1, got \"0\"");
  EXPECT_EQ(WhyNotIn({.maximum = 100}, "nan"), "expected a number ≥ 0 and ≤ 100, got \"nan\"");
}

}  // namespace
}  // namespace ofsweep
