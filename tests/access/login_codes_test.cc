#include "access/login_codes.h"

#include <gtest/gtest.h>

#include <string>

namespace ofsweep {
namespace {

constexpr TimeMs kHour = 3'600'000;

TEST(LoginCodesTest, ACodeIsItsCallersOnce) {
  LoginCodes codes;
  const std::string code = codes.Create({.name = "alice"}, 0);
  EXPECT_NE(code, codes.Create({.name = "bob"}, 0));
  EXPECT_EQ(codes.Redeem(code, 1)->name, "alice");
  EXPECT_FALSE(codes.Redeem(code, 1).has_value());
}

TEST(LoginCodesTest, WhatNobodyWasGivenIsNobodys) {
  LoginCodes codes;
  codes.Create({.name = "alice"}, 0);
  EXPECT_FALSE(codes.Redeem("", 1).has_value());
  EXPECT_FALSE(codes.Redeem("0123456789abcdef0123456789abcdef", 1).has_value());
}

TEST(LoginCodesTest, ACodeIsGoodForHalfADay) {
  LoginCodes codes;
  const std::string early = codes.Create({.name = "alice"}, 0);
  const std::string late = codes.Create({.name = "alice"}, 0);
  EXPECT_TRUE(codes.Redeem(early, 12 * kHour).has_value());
  EXPECT_FALSE(codes.Redeem(late, 12 * kHour + 1).has_value());
}

TEST(LoginCodesTest, WhoAsksForManyPushesOutTheOldestAlone) {
  LoginCodes codes;
  const std::string oldest = codes.Create({.name = "alice"}, 0);
  std::string newest;
  for (int i = 0; i < 1000; ++i) newest = codes.Create({.name = "bob"}, 0);
  EXPECT_FALSE(codes.Redeem(oldest, 1).has_value());
  EXPECT_TRUE(codes.Redeem(newest, 1).has_value());
}

}  // namespace
}  // namespace ofsweep
