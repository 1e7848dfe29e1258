#include "corpus/listing.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/corpus/file_names.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Listing, ATextFolderIsReadInTheOrderOfItsPaths) {
  const TemporaryFolder folder;
  folder.Write("b.txt", "b");
  folder.Write("a/z.md", "z");
  folder.Write(".hidden", "h");
  folder.Write(".git/config", "g");
  const auto files = ListCorpus(CorpusKind::kText, folder.path());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Names(files->files), ElementsAre("z.md", "b.txt"));
}

TEST(Listing, APythonFolderGivesItsSources) {
  const TemporaryFolder folder;
  folder.Write("a.py", "a");
  folder.Write("a.pyc", "c");
  folder.Write("deep/er/b.py", "b");
  EXPECT_THAT(Names(ListCorpus(CorpusKind::kPython, folder.path())->files), ElementsAre("a.py", "b.py"));
}

TEST(Listing, NothingToReadIsNotFound) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kText, folder.path()).status()));
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kPython, folder.path() / "none").status()));
}

TEST(Listing, WhatTheListingLeavesOutIsCounted) {
  const TemporaryFolder folder;
  const TemporaryFolder elsewhere;
  folder.Write("a.txt", "a");
  folder.Write(".hidden", "h");
  folder.Write(".git/config", "g");
  elsewhere.Write("more/b.txt", "b");
  std::filesystem::create_directory_symlink(elsewhere.path() / "more", folder.path() / "more");
  std::filesystem::create_symlink("nowhere", folder.path() / "dangling.txt");
  std::filesystem::create_symlink("itself.txt", folder.path() / "itself.txt");
  std::filesystem::create_symlink(elsewhere.path() / "more/b.txt", folder.path() / "linked.txt");
  ASSERT_EQ(mkfifo((folder.path() / "pipe.txt").c_str(), 0600), 0);
  const auto text = ListCorpus(CorpusKind::kText, folder.path());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(Names(text->files), ElementsAre("a.txt", "linked.txt"));
  EXPECT_THAT(text->left_out, ElementsAre(Pair("hidden", 2), Pair("link", 3), Pair("special", 1)));
  folder.Write("a.py", "a");
  EXPECT_THAT(ListCorpus(CorpusKind::kPython, folder.path())->left_out,
              ElementsAre(Pair("hidden", 2), Pair("link", 1)));  // what is no *.py belongs to no Python corpus
}

// A folder that is passed over would be a corpus of other tokens.
TEST(Listing, AFolderThatCannotBeReadIsNamed) {
  const TemporaryFolder folder;
  folder.Write("a.txt", "a");
  folder.Write("secret/b.txt", "b");
  folder.Write("z/c.txt", "c");
  constexpr uid_t kNobody = 65534;
  const uid_t self = geteuid();
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod((folder.path() / "secret").c_str(), 0), 0);
  ASSERT_EQ(seteuid(self == 0 ? kNobody : self), 0);  // root reads everything
  const auto listing = ListCorpus(CorpusKind::kText, folder.path());
  ASSERT_EQ(seteuid(self), 0);
  ASSERT_EQ(chmod((folder.path() / "secret").c_str(), 0700), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(listing.status()));
  EXPECT_THAT(std::string(listing.status().message()), HasSubstr((folder.path() / "secret").string()));
}

TEST(Listing, APathThatTheSystemRefusesIsNamedWithItsKey) {
  const TemporaryFolder folder;
  const std::filesystem::path loop = folder.path() / "loop";
  std::filesystem::create_symlink(loop, loop);
  for (const std::filesystem::path& path :
       {loop, folder.path() / std::string(300, 'n'), folder.path() / std::string(5000, 'p'),
        std::filesystem::path("/dev/null"), folder.Write("file", "f") / "below"}) {
    const auto listing = ListCorpus(CorpusKind::kText, path, "data.validation_path");
    EXPECT_TRUE(absl::IsFailedPrecondition(listing.status()) || absl::IsNotFound(listing.status())) << path;
    EXPECT_THAT(std::string(listing.status().message()),
                AllOf(HasSubstr("data.validation_path"), HasSubstr(path.string())));
  }
}

}  // namespace
}  // namespace ofsweep
