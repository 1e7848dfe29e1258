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
  const auto files = ListCorpus(CorpusKind::kText, folder.path(), DataRoots());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Names(files->files), ElementsAre("z.md", "b.txt"));
}

TEST(Listing, APythonFolderGivesItsSources) {
  const TemporaryFolder folder;
  folder.Write("a.py", "a");
  folder.Write("a.pyc", "c");
  folder.Write("deep/er/b.py", "b");
  EXPECT_THAT(Names(ListCorpus(CorpusKind::kPython, folder.path(), DataRoots())->files), ElementsAre("a.py", "b.py"));
}

TEST(Listing, NothingToReadIsNotFound) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kText, folder.path(), DataRoots()).status()));
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kPython, folder.path() / "none", DataRoots()).status()));
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
  const auto text = ListCorpus(CorpusKind::kText, folder.path(), DataRoots());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(Names(text->files), ElementsAre("a.txt", "linked.txt"));
  EXPECT_THAT(text->left_out, ElementsAre(Pair("hidden", 2), Pair("link", 3), Pair("special", 1)));
  folder.Write("a.py", "a");
  EXPECT_THAT(ListCorpus(CorpusKind::kPython, folder.path(), DataRoots())->left_out,
              ElementsAre(Pair("hidden", 2), Pair("link", 1)));  // what is no *.py belongs to no Python corpus
}

std::vector<std::string> Only(const TemporaryFolder& folder) {
  return {folder.path().string()};
}

TEST(Listing, LinksAreFollowedWithinTheFoldersThatMayBeRead) {
  const TemporaryFolder folder;
  folder.Write("corpus/a.txt", "a");
  folder.Write("store/b.txt", "b");
  std::filesystem::create_symlink(folder.path() / "store/b.txt", folder.path() / "corpus/absolute.txt");
  std::filesystem::create_symlink("../store/b.txt", folder.path() / "corpus/relative.txt");
  const auto listing = ListCorpus(CorpusKind::kText, folder.path() / "corpus", DataRoots(Only(folder)));
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_THAT(Names(listing->files), ElementsAre("a.txt", "absolute.txt", "relative.txt"));
}

// Left out, it would be a corpus of other tokens; what it leads to is not looked at.
TEST(Listing, ALinkThatLeadsOutOfThemIsRefused) {
  const TemporaryFolder folder;
  const TemporaryFolder elsewhere;
  folder.Write("a.py", "a");
  std::filesystem::create_symlink(elsewhere.Write("secret", "s"), folder.path() / "linked.py");
  std::filesystem::create_symlink(elsewhere.path() / "nothing", folder.path() / "notes.txt");
  const auto listing = ListCorpus(CorpusKind::kText, folder.path(), DataRoots(Only(folder)));
  EXPECT_TRUE(absl::IsPermissionDenied(listing.status())) << listing.status();
  EXPECT_THAT(std::string(listing.status().message()), AllOf(HasSubstr("data.path"), HasSubstr("--data-root")));
  std::filesystem::remove(folder.path() / "linked.py");
  const auto python = ListCorpus(CorpusKind::kPython, folder.path(), DataRoots(Only(folder)));
  ASSERT_TRUE(python.ok()) << python.status();
  EXPECT_THAT(Names(python->files), ElementsAre("a.py"));  // what is no *.py belongs to no Python corpus
}

// It is of no user's naming.
TEST(Listing, ThePythonOfTheMachineNeedsNoFolder) {
  const auto listing = ListCorpus(CorpusKind::kPython, "", DataRoots(std::vector<std::string>()));
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_TRUE(RootsOf("", DataRoots(std::vector<std::string>())).Open(listing->files.front().path).ok());
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
  const auto listing = ListCorpus(CorpusKind::kText, folder.path(), DataRoots());
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
    const auto listing = ListCorpus(CorpusKind::kText, path, DataRoots(), "data.validation_path");
    EXPECT_TRUE(absl::IsFailedPrecondition(listing.status()) || absl::IsNotFound(listing.status())) << path;
    EXPECT_THAT(std::string(listing.status().message()),
                AllOf(HasSubstr("data.validation_path"), HasSubstr(path.string())));
  }
}

}  // namespace
}  // namespace ofsweep
