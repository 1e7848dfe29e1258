#include "access/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::Not;

class SecretFileTest : public testing::Test {
 protected:
  std::string Path() const { return (folder_.path() / "secret").string(); }
  void Write(const std::string& text, mode_t mode) const {
    std::ofstream(Path()) << text;
    ::chmod(Path().c_str(), mode);
  }

  TemporaryFolder folder_;
};

TEST_F(SecretFileTest, WhatWasWrittenIsReadAndIsItsOwnersAlone) {
  ASSERT_TRUE(WriteSecretFile(Path(), "open sesame").ok());
  struct stat status {};
  ASSERT_EQ(::stat(Path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(ReadSecretFile(Path()).value(), "open sesame");
}

TEST_F(SecretFileTest, AnotherSecretTakesThePlaceOfTheFirst) {
  ASSERT_TRUE(WriteSecretFile(Path(), "first").ok());
  ASSERT_TRUE(WriteSecretFile(Path(), "second").ok());
  EXPECT_EQ(ReadSecretFile(Path()).value(), "second");
}

TEST_F(SecretFileTest, ALinkThatLeadsElsewhereIsReplacedAndNotFollowed) {
  const std::filesystem::path elsewhere = folder_.path() / "elsewhere";
  std::ofstream(elsewhere) << "of somebody else";
  std::filesystem::create_symlink(elsewhere, Path() + ".new");
  ASSERT_TRUE(WriteSecretFile(Path(), "secret").ok());
  std::string text;
  std::getline(std::ifstream(elsewhere), text);
  EXPECT_EQ(text, "of somebody else");
}

TEST_F(SecretFileTest, OneThatEverybodyMayReadIsRefusedAndNotQuoted) {
  Write("open sesame", 0644);
  const auto read = ReadSecretFile(Path());
  EXPECT_TRUE(absl::IsFailedPrecondition(read.status())) << read.status();
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("chmod 600 " + Path()));
  EXPECT_THAT(std::string(read.status().message()), Not(HasSubstr("sesame")));
}

// As Kubernetes mounts a secret for a group.
TEST_F(SecretFileTest, OneThatItsGroupMayReadIsTaken) {
  Write("open sesame", 0440);
  EXPECT_EQ(ReadSecretFile(Path()).value(), "open sesame");
}

TEST_F(SecretFileTest, WhatIsNoSecretIsRefusedByWhatItIs) {
  EXPECT_TRUE(absl::IsNotFound(ReadSecretFile(Path()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSecretFile(folder_.path().string()).status()));
  Write(" \n", 0600);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSecretFile(Path()).status()));
  Write(std::string(5000, 'a'), 0600);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSecretFile(Path()).status()));
  std::filesystem::remove(Path());
  ASSERT_EQ(::mkfifo(Path().c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadSecretFile(Path()).status()));
}

}  // namespace
}  // namespace ofsweep
