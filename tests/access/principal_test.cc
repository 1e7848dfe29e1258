#include "access/principal.h"

#include <gtest/gtest.h>

#include <string>

namespace ofsweep {
namespace {

TEST(PrincipalTest, NamesThatSqlPagesAndLogsShowAsTheyAre) {
  for (const char* name : {"alice", "ci.nightly", "bob@lab", "a_b-c", "spiffe://lab/ns/ofsweep/sa/worker"}) {
    EXPECT_EQ(WhyNoPrincipalName(name), "") << name;
  }
  const std::string too_long(65, 'a');
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("ä"), std::string("spiffe://"),
        std::string("http://x"), too_long, "spiffe://" + std::string(256, 'a'), std::string("spiffe://a b")}) {
    EXPECT_NE(WhyNoPrincipalName(name), "") << name;
  }
}

TEST(PrincipalTest, NobodyCanTakeTheNamesOfCallersThatAreKnownOtherwise) {
  EXPECT_NE(WhyNoPrincipalName(kLocalName), "");
  EXPECT_NE(WhyNoPrincipalName(kAnyoneName), "");
}

}  // namespace
}  // namespace ofsweep
