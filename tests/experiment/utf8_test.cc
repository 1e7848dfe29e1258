#include "experiment/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(Utf8, KnowsWellFormedText) {
  using namespace std::string_literals;
  for (const std::string& good : {""s, "abc"s, "é中\U0001F600"s, "\0"s, "\xf4\x8f\xbf\xbf"s, "\xed\x9f\xbf"s}) {
    EXPECT_TRUE(IsUtf8(good)) << testing::PrintToString(good);
  }
  for (const std::string& bad : {"\x80"s, "\xc3"s, "\xc0\x80"s, "\xe0\x80\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
                                 "\xff"s, "a\xe4\xb8"s, "\xf0\x80\x80\x80"s}) {
    EXPECT_FALSE(IsUtf8(bad)) << testing::PrintToString(bad);
  }
}

TEST(Utf8, SaysWhereItEnds) {
  EXPECT_EQ(Utf8Length("caf\xe9 \xc3\xa9"), 3u);
  EXPECT_EQ(Utf8Length("\xff\xfen"), 0u);
  EXPECT_EQ(Utf8Length("\xe4\xb8\xad"), 3u);
}

TEST(Utf8, KnowsACharacterThatWasCut) {
  EXPECT_EQ(LengthWithoutCutCharacter("a\xe4\xb8"), 1u);
  EXPECT_EQ(LengthWithoutCutCharacter("a\xf0\x9f\x98"), 1u);
  EXPECT_EQ(LengthWithoutCutCharacter("a\xc3"), 1u);
  for (const std::string whole : {"", "abc", "\xe4\xb8\xad", "a\xff", "\x80\x80\x80\x80"}) {
    EXPECT_EQ(LengthWithoutCutCharacter(whole), whole.size()) << testing::PrintToString(whole);
  }
}

}  // namespace
}  // namespace ofsweep
