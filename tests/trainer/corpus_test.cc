#include "trainer/corpus.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/temporary_folder.h"
#include "trainer/tokenizer.h"
#include "trainer/utf8.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::vector<std::string> Names(const std::vector<CorpusFile>& files) {
  std::vector<std::string> names;
  for (const CorpusFile& file : files) names.push_back(file.path.filename().string());
  return names;
}

absl::StatusOr<Documents> Choose(CorpusKind kind, const TemporaryFolder& folder) {
  return ChooseDocuments(kind, ListCorpus(kind, folder.path())->files);
}

TEST(Corpus, ATextFolderIsReadInTheOrderOfItsPaths) {
  const TemporaryFolder folder;
  folder.Write("b.txt", "b");
  folder.Write("a/z.md", "z");
  folder.Write(".hidden", "h");
  folder.Write(".git/config", "g");
  const auto files = ListCorpus(CorpusKind::kText, folder.path());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Names(files->files), ElementsAre("z.md", "b.txt"));
}

TEST(Corpus, APythonFolderGivesItsSources) {
  const TemporaryFolder folder;
  folder.Write("a.py", "a");
  folder.Write("a.pyc", "c");
  folder.Write("deep/er/b.py", "b");
  EXPECT_THAT(Names(ListCorpus(CorpusKind::kPython, folder.path())->files), ElementsAre("a.py", "b.py"));
}

TEST(Corpus, NothingToReadIsNotFound) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kText, folder.path()).status()));
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kPython, folder.path() / "none").status()));
}

TEST(Corpus, TheListingChangesWithTheCorpus) {
  const TemporaryFolder folder;
  folder.Write("a.txt", "one");
  const auto digest = [&] { return ListingDigest(ListCorpus(CorpusKind::kText, folder.path())->files); };
  const std::string before = digest();
  EXPECT_EQ(digest(), before);
  folder.Write("a.txt", "longer");
  const std::string longer = digest();
  EXPECT_NE(longer, before);
  folder.Write("b.txt", "x");
  EXPECT_NE(digest(), longer);
}

TEST(Corpus, DuplicatesAndUndecodableFilesAreLeftOutAndCounted) {
  const TemporaryFolder folder;
  folder.Write("a.txt", "same");
  folder.Write("b.txt", "same");
  folder.Write("c.txt", "\xff\xfe");
  folder.Write("d.txt", "other");
  folder.Write("empty.txt", "");
  const auto documents = Choose(CorpusKind::kText, folder);
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_THAT(Names(documents->files), ElementsAre("a.txt", "d.txt"));
  EXPECT_EQ(documents->bytes, 9u);
  EXPECT_THAT(documents->left_out, ElementsAre(Pair("duplicate", 1), Pair("empty", 1), Pair("not_utf8", 1)));
}

TEST(Corpus, WhatTheListingLeavesOutIsCounted) {
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
TEST(Corpus, AFolderThatCannotBeReadIsNamed) {
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

TEST(Corpus, APathThatTheSystemRefusesIsNamedWithItsKey) {
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

TEST(Corpus, APythonSampleIsAtMost16MiBAndIndependentOfNames) {
  const TemporaryFolder first;
  const TemporaryFolder second;
  for (int i = 0; i < 10; ++i) {
    const std::string content = std::to_string(i) + std::string(3 << 20, 'x');
    first.Write("f" + std::to_string(i) + ".py", content);
    second.Write("g" + std::to_string(9 - i) + ".py", content);
  }
  const auto contents = [](const TemporaryFolder& folder) {
    const auto documents = Choose(CorpusKind::kPython, folder);
    std::vector<char> heads;
    for (const CorpusFile& file : documents->files) heads.push_back(ReadFile(file.path)[0]);
    return heads;
  };
  EXPECT_EQ(contents(first).size(), 5u);
  EXPECT_EQ(contents(first), contents(second));
}

TEST(Corpus, LinesKeepTheirFeedsAndDocumentsTheirEnd) {
  const TemporaryFolder folder;
  folder.Write("a.txt", "one\n\ntwo");
  folder.Write("b.txt", "three\n");
  const auto documents = Choose(CorpusKind::kText, folder);
  std::vector<std::string> lines;
  EXPECT_TRUE(ForEachLine(*documents, [&](std::string_view line) {
                lines.emplace_back(line);
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(lines, ElementsAre("one\n", "\n", "two", "", "three\n", ""));
}

// SentencePiece takes many times a line's memory, and learns from none above 64 KiB.
TEST(Corpus, LongLinesComeInPiecesThatMakeThemUp) {
  const std::string spaced = [] {
    std::string text;
    for (int i = 0; text.size() < (1 << 20); ++i) text += "word" + std::to_string(i) + (i % 7 == 0 ? "  " : " ");
    return text;
  }();
  std::string unspaced;
  while (unspaced.size() < (1 << 17)) unspaced += "中é\U0001F600";
  for (const std::string& line : {spaced, unspaced, "a" + unspaced, std::string(" ") + unspaced}) {
    const TemporaryFolder folder;
    folder.Write("a.txt", "title\n" + line);
    std::string all;
    EXPECT_TRUE(ForEachLine(*Choose(CorpusKind::kText, folder), [&](std::string_view piece) {
                  EXPECT_LE(piece.size(), kMaxPieceBytes);
                  EXPECT_TRUE(IsUtf8(piece));
                  all += piece;
                  return absl::OkStatus();
                }).ok());
    EXPECT_TRUE(all == "title\n" + line);
  }
}

TEST(Corpus, CuttingALineChangesNoToken) {
  std::string line;
  for (int i = 0; line.size() < 3 * kMaxPieceBytes; ++i)
    line += "some words " + std::to_string(i % 50) + "  and   spaces ";
  const TemporaryFolder folder;
  folder.Write("a.txt", line);
  const Tokenizer tokenizer(Tokenizer::Train({line.substr(0, 4000)}, 400));
  std::vector<std::int32_t> tokens;
  int pieces = 0;
  EXPECT_TRUE(ForEachLine(*Choose(CorpusKind::kText, folder), [&](std::string_view piece) {
                pieces += piece.empty() ? 0 : 1;
                const std::vector<std::int32_t> encoded = tokenizer.Encode(piece);
                tokens.insert(tokens.end(), encoded.begin(), encoded.end());
                return absl::OkStatus();
              }).ok());
  EXPECT_GE(pieces, 3);
  EXPECT_TRUE(tokens == tokenizer.Encode(line));
}

}  // namespace
}  // namespace ofsweep
