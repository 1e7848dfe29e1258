#include "access/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "access/secret.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class KeyFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("secret-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = folder_ / "key";
  }
  void TearDown() override { fs::remove_all(folder_); }

  absl::StatusOr<std::string> Load() { return LoadOrMakeKey(path_, "a new one is made"); }
  std::string Refusal() { return std::string(Load().status().message()); }

  fs::path folder_;
  fs::path path_;
};

TEST_F(KeyFileTest, IsMadeOnceForItsOwnerAlone) {
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

TEST_F(KeyFileTest, OneThatOthersMayReadIsRefusedWithTheWayOut) {
  const auto secret = Load();
  ASSERT_TRUE(secret.ok());
  ::chmod(path_.c_str(), 0644);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(path_.string()), HasSubstr("chmod 600"), HasSubstr("a new one is made")));
  ::chmod(path_.c_str(), 0400);
  EXPECT_EQ(*Load(), *secret);
}

TEST_F(KeyFileTest, WhatIsNoKeyIsRefusedAndNotShown) {
  ASSERT_TRUE(Load().ok());
  const std::string digits(64, 'a');
  for (const std::string& text : {std::string(), digits.substr(1), digits + "a", "g" + digits.substr(1)}) {
    std::ofstream(path_) << text;
    EXPECT_FALSE(Load().ok());
    EXPECT_THAT(Refusal(), AllOf(HasSubstr(path_.string()), HasSubstr("remove it"), Not(HasSubstr("aaaa"))));
  }
  std::ofstream(path_) << digits;
  EXPECT_TRUE(Load().ok()) << "a newline is not needed";
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(path_.string()), HasSubstr("no plain file")));
}

TEST_F(KeyFileTest, WhereNothingCanBeWrittenThatIsSaid) {
  path_ = folder_ / "missing" / "key";
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Refusal(), HasSubstr(path_.string()));
}

}  // namespace
}  // namespace ofsweep
