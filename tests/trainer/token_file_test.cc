#include "trainer/token_file.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Token>
std::string Bytes(const std::vector<Token>& tokens) {
  return {reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(Token)};
}

std::vector<std::int64_t> Read(const TokenFile& file) {
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(file.size()));
  file.Copy(0, file.size(), tokens.data());
  return tokens;
}

std::string Message(const absl::StatusOr<TokenFile>& file) {
  return std::string(file.status().message());
}

class TokenFileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(TokenFileTest, ReadsUint16AndTheSidecarsVocabulary) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({1, 2, 65535}));
  folder_.Write("t.json", R"({"vocabulary": 65536})");
  const auto file = TokenFile::Open(path, std::nullopt);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Read(*file), ElementsAre(1, 2, 65535));
  EXPECT_EQ(file->vocabulary(), 65536);
}

TEST_F(TokenFileTest, ReadsUint32WhereTheVocabularyIsLarger) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint32_t>({1, 70000}));
  const auto file = TokenFile::Open(path, 70001);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Read(*file), ElementsAre(1, 70000));
}

// A model's vocabulary may be padded; how wide the tokens are is the file's affair.
TEST_F(TokenFileTest, APaddedModelVocabularyLeavesTheWidthAlone) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({7, 8}));
  folder_.Write("t.json", R"({"vocabulary": 50000})");
  const auto file = TokenFile::Open(path, 70000);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Read(*file), ElementsAre(7, 8));
  EXPECT_EQ(file->vocabulary(), 70000);
}

TEST_F(TokenFileTest, ATokenOutsideTheVocabularyIsNamedWithItsPosition) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({1, 2, 300, 400}));
  const auto file = TokenFile::Open(path, 256);
  EXPECT_TRUE(absl::IsDataLoss(file.status()));
  EXPECT_THAT(Message(file), HasSubstr(path.string()));
  EXPECT_THAT(Message(file), HasSubstr("token 300 at position 2 is outside the vocabulary of 256"));
  EXPECT_THAT(Message(file), HasSubstr("at least 401"));
}

TEST_F(TokenFileTest, RefusesAMissingOrTruncatedFileAndAnUnknownVocabulary) {
  EXPECT_TRUE(absl::IsNotFound(TokenFile::Open(folder_.path() / "none.bin", 10).status()));
  const auto odd = folder_.Write("odd.bin", "abc");
  EXPECT_TRUE(absl::IsDataLoss(TokenFile::Open(odd, 10).status()));
  const auto alone = folder_.Write("alone.bin", Bytes<std::uint16_t>({1}));
  const auto file = TokenFile::Open(alone, std::nullopt);
  EXPECT_TRUE(absl::IsInvalidArgument(file.status()));
  EXPECT_THAT(Message(file), HasSubstr("model.vocabulary"));
  folder_.Write("alone.json", "{}");
  EXPECT_TRUE(absl::IsDataLoss(TokenFile::Open(alone, std::nullopt).status()));
}

TEST_F(TokenFileTest, FingerprintsTellContentsApart) {
  const auto open = [&](const char* name, std::vector<std::uint16_t> tokens) {
    return TokenFile::Open(folder_.Write(name, Bytes(tokens)), 100)->Fingerprint();
  };
  EXPECT_EQ(open("a.bin", {1, 2, 3}), open("b.bin", {1, 2, 3}));
  EXPECT_NE(open("a.bin", {1, 2, 3}), open("c.bin", {1, 2, 4}));
  EXPECT_NE(open("a.bin", {1, 2, 3}), open("d.bin", {1, 2}));
}

}  // namespace
}  // namespace ofsweep
