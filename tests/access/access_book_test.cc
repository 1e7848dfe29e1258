#include "access/access_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/token.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kNow = 1'700'000'000'000;

Principal Alice() {
  return {.name = "alice", .role = Role::kSubmit, .token_hash = HashOfToken("alices token"), .created_at = 1};
}

std::string WhyNot(const absl::StatusOr<Caller>& caller) {
  EXPECT_TRUE(absl::IsUnauthenticated(caller.status())) << caller.status();
  return std::string(caller.status().message());
}

TEST(AccessBookTest, ATokenIsItsPrincipalsAndNoOther) {
  const AccessBook book({Alice()}, "local token");
  const auto caller = book.OfToken("alices token", kNow);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->name, "alice");
  EXPECT_EQ(caller->role, Role::kSubmit);
  EXPECT_THAT(WhyNot(book.OfToken("another", kNow)), Not(HasSubstr("alice")));
  WhyNot(book.OfToken("", kNow));
  WhyNot(book.OfToken(HashOfToken("alices token"), kNow));  // whoever reads the database
}

TEST(AccessBookTest, WhoCanReadTheDataFolderMayDoEverything) {
  const AccessBook book({}, "local token");
  EXPECT_EQ(book.OfToken("local token", kNow)->name, kLocalName);
  EXPECT_EQ(book.OfToken("local token", kNow)->role, Role::kAdmin);
}

TEST(AccessBookTest, AnExpiredTokenSaysSinceWhen) {
  Principal alice = Alice();
  alice.expires_at = kNow;
  const AccessBook book({alice}, "local token");
  EXPECT_TRUE(book.OfToken("alices token", kNow - 1).ok());
  EXPECT_THAT(WhyNot(book.OfToken("alices token", kNow)), HasSubstr("expired on 2023-11-14 22:13 UTC"));
}

TEST(AccessBookTest, ARevokedTokenIsNoMoreAtOnce) {
  AccessBook book({Alice()}, "local token");
  Principal revoked = Alice();
  revoked.revoked_at = kNow;
  book.Put(revoked);
  EXPECT_THAT(WhyNot(book.OfToken("alices token", kNow)), HasSubstr("revoked"));
}

TEST(AccessBookTest, ANewTokenTakesThePlaceOfTheOldOne) {
  AccessBook book({Alice()}, "local token");
  Principal again = Alice();
  again.token_hash = HashOfToken("new token");
  book.Put(again);
  EXPECT_EQ(book.OfToken("new token", kNow)->name, "alice");
  WhyNot(book.OfToken("alices token", kNow));
  EXPECT_EQ(book.All().size(), 1u);
}

TEST(AccessBookTest, ACertificatesNameHasARoleOnlyWhereItWasGivenOne) {
  const AccessBook book({{.name = "spiffe://lab/worker", .role = Role::kWork}, Alice()}, "local token");
  EXPECT_EQ(book.OfCertificate("spiffe://lab/worker", kNow)->role, Role::kWork);
  EXPECT_THAT(WhyNot(book.OfCertificate("spiffe://lab/other", kNow)), HasSubstr("spiffe://lab/other"));
  // A certificate in a token's name is no token.
  WhyNot(book.OfCertificate("alice", kNow));
  WhyNot(book.OfCertificate(kLocalName, kNow));
  WhyNot(book.OfToken("", kNow));  // an identity without a token is nobody's token
}

TEST(AccessBookTest, ASessionEndsWithTheTokenThatBeganIt) {
  AccessBook book({Alice()}, "local token");
  const std::string hash = book.HashOf("alice");
  EXPECT_EQ(book.OfName("alice", hash, kNow)->role, Role::kSubmit);
  Principal again = Alice();
  again.token_hash = HashOfToken("new token");
  book.Put(again);
  WhyNot(book.OfName("alice", hash, kNow));
  WhyNot(book.OfName("bob", hash, kNow));
}

}  // namespace
}  // namespace ofsweep
