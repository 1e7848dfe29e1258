#include "trainer/documents.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/input_content.h"
#include "experiment/utf8.h"
#include "tests/corpus/file_names.h"
#include "tests/temporary_folder.h"
#include "trainer/tokenizer.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

absl::StatusOr<Documents> Choose(CorpusKind kind, const TemporaryFolder& folder) {
  const TemporaryFolder cache;
  FingerprintCache digests(cache.path());
  const char* source = kind == CorpusKind::kPython ? "python" : "text";
  return ChooseDocuments(kind, *ContentOf({source, folder.path().string()}, DataRoots(), "data.path", digests, {}));
}

TEST(Documents, DuplicatesAndUndecodableFilesAreLeftOutAndCounted) {
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

TEST(Documents, APythonSampleIsAtMost16MiBAndIndependentOfNames) {
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

TEST(Documents, LinesKeepTheirFeedsAndDocumentsTheirEnd) {
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

// A tokenizer of one content and tokens of another would be of no content at all.
TEST(Documents, AFileThatChangesBetweenItsReadingsIsRefused) {
  for (const bool while_it_is_read : {false, true}) {
    const TemporaryFolder folder;
    folder.Write("a.txt", "one\n");
    const std::filesystem::path changing = folder.Write("b.txt", "two\nthree\n");
    const auto documents = Choose(CorpusKind::kText, folder);
    ASSERT_TRUE(documents.ok()) << documents.status();
    if (!while_it_is_read) folder.Write("b.txt", "two\nTHREE\n");
    const absl::Status status = ForEachLine(*documents, [&](std::string_view line) {
      if (while_it_is_read && line == "two\n") std::fstream(changing, std::ios::in | std::ios::out) << "two\nTHREE\n";
      return absl::OkStatus();
    });
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(changing.string()), HasSubstr("put that file back"), HasSubstr("another name")));
  }
}

// SentencePiece takes many times a line's memory, and learns from none above 64 KiB.
TEST(Documents, LongLinesComeInPiecesThatMakeThemUp) {
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

TEST(Documents, CuttingALineChangesNoToken) {
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
