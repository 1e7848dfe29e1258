#include "access/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "access/worker_id.h"

namespace ofsweep {
namespace {

// RFC 4231, test case 2.
TEST(Secret, IsTheHmacOfTheRfc) {
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Secret, IsTheSameOnlyWhereAllOfItIs) {
  EXPECT_TRUE(IsSameSecret("", ""));
  EXPECT_TRUE(IsSameSecret("abc", "abc"));
  EXPECT_FALSE(IsSameSecret("abc", "abd"));
  EXPECT_FALSE(IsSameSecret("abc", "ab"));
}

TEST(WorkerId, IsProvenByItsOwnKeyAlone) {
  const std::string key(kSecretBytes, 'k');
  const std::string id = WorkerId("host-3", key);
  EXPECT_THAT(id, testing::MatchesRegex("host-3-[0-9a-f]{16}"));
  EXPECT_TRUE(IsProvenBy(id, key));
  EXPECT_FALSE(IsProvenBy(id, std::string(kSecretBytes, 'l')));
  EXPECT_FALSE(IsProvenBy(id, ""));
  EXPECT_FALSE(IsProvenBy(WorkerId("host-3", "short"), "short"));
  EXPECT_FALSE(IsProvenBy(id.substr(id.size() - 16), key)) << "it names nobody";
  EXPECT_FALSE(IsProvenBy("", key));
}

}  // namespace
}  // namespace ofsweep
