#include "experiment/number_range.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(NumberRange, HoldsNumbersAloneAndNoNan) {
  for (const char* good : {"1", "0.5", "1e300", "1e3"}) EXPECT_EQ(WhyNotIn(kPositive, good), "") << good;
  for (const char* bad :
       {"nan", "NAN", "-nan", "inf", "-inf", "0", "-1", "4GB", "", " ", "+1", "1e999", "1_000", "_1", "0_.5", "1__0"}) {
    EXPECT_NE(WhyNotIn(kPositive, bad), "") << bad;
  }
  EXPECT_TRUE((NumberRange{.minimum = -1, .maximum = 1}).Holds(-1));
  EXPECT_FALSE((NumberRange{.minimum = -1, .maximum = 1, .open_minimum = true}).Holds(-1));
  EXPECT_FALSE((NumberRange{.whole = true}).Holds(1.5));
}

// A double would make 9007199254740992 of both.
TEST(NumberRange, ReadsIntegersExactlyOrNotAtAll) {
  for (const char* good : {"9007199254740992", "-9007199254740992", "9007199254740991", "1e3", "7.0"}) {
    EXPECT_TRUE(ReadWhole(good)) << good;
  }
  for (const char* bad :
       {"9007199254740993", "-9007199254740993", "9007199254740993.0", "9007199254740994", "9223372036854775807",
        "-9223372036854775808", "99999999999999999999", "1.5", "+1", "", "1_000", "_1", "1_"}) {
    EXPECT_FALSE(ReadWhole(bad)) << bad;
  }
  EXPECT_EQ(ReadWhole("9007199254740991"), 9007199254740991);
  EXPECT_EQ(ReadWhole("1e3"), 1000);
  EXPECT_EQ(WhyNotIn({.maximum = kExactIntegers, .whole = true}, "9007199254740993"),
            "expected an integer ≥ 0 and ≤ 9007199254740992, got \"9007199254740993\"");
}

TEST(NumberRange, SaysEveryBoundThatThereIs) {
  EXPECT_EQ(WhyNotIn(kPositive, "4GB"), "expected a number > 0, got \"4GB\"");
  EXPECT_EQ(WhyNotIn(kPositiveWhole, "0"), "expected an integer ≥ 1 and ≤ 2147483647, got \"0\"");
  EXPECT_EQ(WhyNotIn({.maximum = 100}, "nan"), "expected a number ≥ 0 and ≤ 100, got \"nan\"");
  EXPECT_EQ(WhyNotIn({.maximum = 1e9, .whole = true}, "2000000000"),
            "expected an integer ≥ 0 and ≤ 1000000000, got \"2000000000\"");
  EXPECT_EQ(WhyNotIn({.minimum = -1e10, .maximum = 1e10}, "1e11"),
            "expected a number ≥ -1e+10 and ≤ 1e+10, got \"1e11\"");
  EXPECT_EQ(AcceptedNumbers({.minimum = -kNoBound}), "a number");
  EXPECT_EQ(AcceptedNumbers({.minimum = -kNoBound, .maximum = 7, .whole = true}), "an integer ≤ 7");
}

}  // namespace
}  // namespace ofsweep
