#include <sys/stat.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/input_content.h"
#include "experiment/trial_key.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using namespace std::string_literals;

using testing::HasSubstr;
using testing::SizeIs;

class Fingerprint : public testing::Test {
 protected:
  // By a program that was just started.
  std::string Of(const std::string& source, const std::filesystem::path& path) const {
    FingerprintCache cache(cache_.path());
    const auto content = ContentOf({source, path.string()}, DataRoots(), "data.path", cache, {});
    EXPECT_TRUE(content.ok()) << content.status();
    return content.ok() ? content->fingerprint : "";
  }

  // The time of the inode's own change cannot be set back: the test waits for it to be two seconds old.
  static void WaitUntilSettled(const std::filesystem::path& path) {
    while (true) {
      struct stat now;
      ASSERT_EQ(::stat(path.c_str(), &now), 0);
      if (::time(nullptr) - now.st_ctim.tv_sec > 3) break;
      ::usleep(50'000);
    }
  }

  TemporaryFolder folder_;
  TemporaryFolder cache_;
};

TEST_F(Fingerprint, IsOfTheContentAndNotOfItsPlace) {
  const auto here = folder_.Write("here.txt", "some text");
  const auto there = folder_.Write("deep/there.txt", "some text");
  EXPECT_THAT(Of("text", here), SizeIs(kFingerprintDigits));
  EXPECT_EQ(Of("text", here), Of("text", there));
  EXPECT_EQ(Of("text", here), Of("text", folder_.path() / "deep")) << "a folder with that file alone";
  EXPECT_NE(Of("text", here), Of("tokens", here)) << "read in another way";
  folder_.Write("deep/there.txt", "some texT");
  EXPECT_NE(Of("text", here), Of("text", there));
}

TEST_F(Fingerprint, OfATextFolderCountsTheOrderOfItsFiles) {
  folder_.Write("one/a.txt", "first");
  folder_.Write("one/b.txt", "second");
  folder_.Write("two/a.txt", "second");
  folder_.Write("two/b.txt", "first");
  EXPECT_NE(Of("text", folder_.path() / "one"), Of("text", folder_.path() / "two"));
}

TEST_F(Fingerprint, OfPythonFilesIsOfTheSetOfTheirContents) {
  folder_.Write("one/a.py", "first");
  folder_.Write("one/b.py", "second");
  folder_.Write("one/notes.txt", "not read");
  folder_.Write("two/x.py", "second");
  folder_.Write("two/y/z.py", "first");
  folder_.Write("two/y/again.py", "first");
  EXPECT_EQ(Of("python", folder_.path() / "one"), Of("python", folder_.path() / "two"));
}

// uint16 tokens that are read as uint32 are others.
TEST_F(Fingerprint, OfTokensCountsTheirSidecar) {
  const auto tokens = folder_.Write("tokens.bin", "01234567");
  const std::string bare = Of("tokens", tokens);
  folder_.Write("tokens.json", R"({"vocabulary": 100, "token_type": "uint16"})");
  const std::string narrow = Of("tokens", tokens);
  folder_.Write("tokens.json", R"({"vocabulary": 100, "token_type": "uint32"})");
  EXPECT_NE(narrow, bare);
  EXPECT_NE(Of("tokens", tokens), narrow);
}

TEST_F(Fingerprint, WhatCannotBeReadIsNamed) {
  FingerprintCache cache(cache_.path());
  for (const char* source : {"text", "tokens", "safetensors"}) {
    const auto status =
        ContentOf({source, (folder_.path() / "none").string()}, DataRoots(), "data.path", cache, {}).status();
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr((folder_.path() / "none").string()));
  }
}

// It exists and can be read, so that another remedy helps.
TEST_F(Fingerprint, OfAFileThatChangesMeanwhileSaysToTryAgain) {
  const auto file = folder_.Write("file.txt", "text");
  FingerprintCache cache(cache_.path());
  // A file that grows for as long as it is read.
  const auto append = [&](std::uint64_t, std::uint64_t) { std::ofstream(file, std::ios::app) << "more"; };
  const auto status = ContentOf({"text", file.string()}, DataRoots(), "data.path", cache, append).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), testing::AllOf(testing::StartsWith("data.path: "), HasSubstr("try again"),
                                                            testing::Not(HasSubstr("name a file"))));
}

// Reads of a second program, counted by the progress that it reports.
TEST_F(Fingerprint, AFileIsReadOnceUntilItChanges) {
  const auto file = folder_.Write("file.bin", "0123");
  const auto reads = [&] {
    FingerprintCache cache(cache_.path());
    int count = 0;
    EXPECT_TRUE(cache.Sha256Of(*DataRoots().Open(file), [&](std::uint64_t) { ++count; }).ok());
    return count;
  };
  EXPECT_EQ(reads(), 1);
  EXPECT_EQ(reads(), 1) << "it was changed a moment ago, so another change might leave no trace";
  WaitUntilSettled(file);
  EXPECT_EQ(reads(), 1);
  EXPECT_EQ(reads(), 0);
  folder_.Write("file.bin", "0124");
  EXPECT_EQ(reads(), 1);
}

// As tar, `cp -p` and `rsync -a` leave it.
TEST_F(Fingerprint, AFileOfTheSameSizeAndTimeIsReadAgain) {
  const auto file = folder_.Write("file.bin", "0123");
  WaitUntilSettled(file);
  const std::string before = Of("text", file);
  const auto other = folder_.Write("other.bin", "4567");
  std::filesystem::last_write_time(other, std::filesystem::last_write_time(file));
  std::filesystem::rename(other, file);
  EXPECT_NE(Of("text", file), before);
}

TEST_F(Fingerprint, ADamagedCacheOnlyCostsTime) {
  const auto file = folder_.Write("file.txt", "text");
  const std::string before = Of("text", file);
  cache_.Write("fingerprints", "\0\xff nonsense\n1:2:3 short\n"s);
  EXPECT_EQ(Of("text", file), before);
}

}  // namespace
}  // namespace ofsweep
