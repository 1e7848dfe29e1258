#include "access/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ofsweep {
namespace {

TEST(TokenTest, NoTwoAreEqualAndEachHas256Bits) {
  std::set<std::string> made;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = NewToken();
    EXPECT_THAT(token, testing::StartsWith("ofsweep_"));
    EXPECT_EQ(token.size(), std::string("ofsweep_").size() + 43);  // 32 bytes in base64url
    made.insert(token);
  }
  EXPECT_EQ(made.size(), 1000u);
}

TEST(TokenTest, ItsHashSaysNothingOfIt) {
  // SHA-256 of "abc", as FIPS 180-2 gives it.
  EXPECT_EQ(HashOfToken("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace ofsweep
