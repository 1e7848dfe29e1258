#include "trainer/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;

std::vector<std::string> Names(const std::vector<CorpusFile>& files) {
  std::vector<std::string> names;
  for (const CorpusFile& file : files) names.push_back(file.path.filename().string());
  return names;
}

TEST(Corpus, ATextFolderIsReadInTheOrderOfItsPaths) {
  const TemporaryFolder folder;
  folder.Write("b.txt", "b");
  folder.Write("a/z.md", "z");
  folder.Write(".hidden", "h");
  folder.Write(".git/config", "g");
  const auto files = ListCorpus(CorpusKind::kText, folder.path());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Names(*files), ElementsAre("z.md", "b.txt"));
}

TEST(Corpus, APythonFolderGivesItsSources) {
  const TemporaryFolder folder;
  folder.Write("a.py", "a");
  folder.Write("a.pyc", "c");
  folder.Write("deep/er/b.py", "b");
  EXPECT_THAT(Names(*ListCorpus(CorpusKind::kPython, folder.path())), ElementsAre("a.py", "b.py"));
}

TEST(Corpus, NothingToReadIsNotFound) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kText, folder.path()).status()));
  EXPECT_TRUE(absl::IsNotFound(ListCorpus(CorpusKind::kPython, folder.path() / "none").status()));
}

TEST(Corpus, TheListingChangesWithTheCorpus) {
  const TemporaryFolder folder;
  folder.Write("a.txt", "one");
  const auto digest = [&] { return ListingDigest(*ListCorpus(CorpusKind::kText, folder.path())); };
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
  const auto documents = ChooseDocuments(CorpusKind::kText, *ListCorpus(CorpusKind::kText, folder.path()));
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_THAT(Names(documents->files), ElementsAre("a.txt", "d.txt"));
  EXPECT_EQ(documents->bytes, 9u);
  EXPECT_EQ(documents->duplicates, 1);
  EXPECT_EQ(documents->undecodable, 1);
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
    const auto documents = ChooseDocuments(CorpusKind::kPython, *ListCorpus(CorpusKind::kPython, folder.path()));
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
  const auto documents = ChooseDocuments(CorpusKind::kText, *ListCorpus(CorpusKind::kText, folder.path()));
  std::vector<std::string> lines;
  EXPECT_TRUE(ForEachLine(*documents, [&](std::string_view line) {
                lines.emplace_back(line);
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(lines, ElementsAre("one\n", "\n", "two", "", "three\n", ""));
}

}  // namespace
}  // namespace ofsweep
