#include "experiment/secret.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "experiment/secret_file.h"
#include "experiment/worker_id.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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

class SecretFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("secret-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = folder_ / "key";
  }
  void TearDown() override { fs::remove_all(folder_); }

  absl::StatusOr<std::string> Load() { return LoadOrMakeSecret(path_, "a new one is made"); }
  std::string Refusal() { return std::string(Load().status().message()); }

  fs::path folder_;
  fs::path path_;
};

TEST_F(SecretFileTest, IsMadeOnceForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  std::ofstream(path_.string() + ".new") << "left by a kill";
  const auto secret = Load();
  ::umask(before);
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_EQ(secret->size(), kSecretBytes);
  EXPECT_EQ(*Load(), *secret);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  fs::remove(path_);
  EXPECT_NE(*Load(), *secret);
}

TEST_F(SecretFileTest, OneThatOthersMayReadIsRefusedWithTheWayOut) {
  const auto secret = Load();
  ASSERT_TRUE(secret.ok());
  ::chmod(path_.c_str(), 0640);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(path_.string()), HasSubstr("0640"), HasSubstr("chmod 600"),
                               HasSubstr("a new one is made")));
  ::chmod(path_.c_str(), 0400);
  EXPECT_EQ(*Load(), *secret);
}

TEST_F(SecretFileTest, WhatIsNoKeyIsRefusedAndNotShown) {
  ASSERT_TRUE(Load().ok());
  const std::string digits(64, 'a');
  for (const std::string& text : {std::string(), digits.substr(1), digits + "a", "g" + digits.substr(1)}) {
    std::ofstream(path_) << text;
    EXPECT_EQ(Load().status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(Refusal(), AllOf(HasSubstr(path_.string()), HasSubstr("remove it"), Not(HasSubstr("aaaa"))));
  }
  std::ofstream(path_) << digits;
  EXPECT_TRUE(Load().ok()) << "a newline is not needed";
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(path_.string()), HasSubstr("no regular file")));
}

TEST_F(SecretFileTest, WhereNothingCanBeWrittenThatIsSaid) {
  path_ = folder_ / "missing" / "key";
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Refusal(), HasSubstr(path_.string()));
}

}  // namespace
}  // namespace ofsweep
