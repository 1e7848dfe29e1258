#include "trainer/token_file.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

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
  const auto file = TokenFile::Open(path, {});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Read(*file), ElementsAre(1, 2, 65535));
  EXPECT_EQ(file->vocabulary(), 65536);
}

TEST_F(TokenFileTest, ReadsUint32WhereTheVocabularyIsLarger) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint32_t>({1, 70000}));
  const auto file = TokenFile::Open(path, {.vocabulary = 70001});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Read(*file), ElementsAre(1, 70000));
}

// A model's vocabulary may be padded; how wide the tokens are is the file's affair.
TEST_F(TokenFileTest, APaddedModelVocabularyLeavesTheWidthAlone) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({7, 8}));
  folder_.Write("t.json", R"({"vocabulary": 50000})");
  const auto file = TokenFile::Open(path, {.vocabulary = 70000});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Read(*file), ElementsAre(7, 8));
  EXPECT_EQ(file->vocabulary(), 70000);
}

// Which token it is and where, a submitter would learn of a file that only the worker may read.
TEST_F(TokenFileTest, ATokenOutsideTheVocabularyIsRefusedAndNotQuoted) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({1, 2, 300, 400}));
  folder_.Write("t.json", R"({"vocabulary": 299})");
  for (const StatedTokens& stated : {StatedTokens{.vocabulary = 256}, StatedTokens{}}) {
    const auto file = TokenFile::Open(path, stated);
    EXPECT_TRUE(absl::IsDataLoss(file.status()));
    EXPECT_THAT(Message(file), testing::AllOf(HasSubstr("data.path: " + path.string()), HasSubstr("model.vocabulary")));
    const std::string words = Message(file).substr(Message(file).find("holds"));
    EXPECT_EQ(words.find_first_of("0123456789"), std::string::npos) << words;
  }
}

TEST_F(TokenFileTest, RefusesAMissingOrTruncatedFileAndAnUnknownVocabulary) {
  EXPECT_TRUE(absl::IsNotFound(TokenFile::Open(folder_.path() / "none.bin", {.vocabulary = 10}).status()));
  const auto odd = folder_.Write("odd.bin", "abc");
  EXPECT_TRUE(absl::IsDataLoss(TokenFile::Open(odd, {.vocabulary = 10}).status()));
  const auto alone = folder_.Write("alone.bin", Bytes<std::uint16_t>({1}));
  const auto file = TokenFile::Open(alone, {});
  EXPECT_TRUE(absl::IsInvalidArgument(file.status()));
  EXPECT_THAT(Message(file), HasSubstr("model.vocabulary"));
  folder_.Write("alone.json", "{}");
  EXPECT_TRUE(absl::IsDataLoss(TokenFile::Open(alone, {}).status()));
}

TEST_F(TokenFileTest, TheTypeIsTheTrialsOrTheSidecars) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint32_t>({7, 8}));
  const auto keyed = TokenFile::Open(path, {.vocabulary = 100, .type = TokenType::kUint32});
  ASSERT_TRUE(keyed.ok()) << keyed.status();
  EXPECT_THAT(Read(*keyed), ElementsAre(7, 8));
  folder_.Write("t.json", R"({"vocabulary": 100, "token_type": "uint32"})");
  const auto by_sidecar = TokenFile::Open(path, {});
  ASSERT_TRUE(by_sidecar.ok()) << by_sidecar.status();
  EXPECT_THAT(Read(*by_sidecar), ElementsAre(7, 8));
  const auto both = TokenFile::Open(path, {.type = TokenType::kUint16});
  EXPECT_TRUE(absl::IsInvalidArgument(both.status()));
  EXPECT_THAT(Message(both), testing::AllOf(HasSubstr("data.token_type"), HasSubstr("t.json")));
}

// Every other token would be 0, and no number would tell.
TEST_F(TokenFileTest, Uint32TokensAreNotTakenForUint16) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint32_t>({7, 8, 0}));
  const auto file = TokenFile::Open(path, {.vocabulary = 100});
  EXPECT_TRUE(absl::IsFailedPrecondition(file.status()));
  EXPECT_THAT(Message(file), testing::AllOf(HasSubstr(path.string()), HasSubstr("data.token_type")));
  EXPECT_TRUE(TokenFile::Open(path, {.vocabulary = 100, .type = TokenType::kUint16}).ok());
  const auto zeros = folder_.Write("zeros.bin", Bytes<std::uint16_t>({0, 0, 0, 0}));
  EXPECT_TRUE(TokenFile::Open(zeros, {.vocabulary = 100}).ok());
}

TEST_F(TokenFileTest, Uint16TokensAreNotTakenForUint32) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({7, 8}));
  const auto file = TokenFile::Open(path, {.vocabulary = 70000});
  EXPECT_TRUE(absl::IsDataLoss(file.status()));
  EXPECT_THAT(Message(file), HasSubstr("data.token_type"));
}

TEST_F(TokenFileTest, HeadersAreNoTokens) {
  std::string npy("\x93NUMPY\x01\x00\x76\x00{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }", 64);
  npy.resize(128, ' ');
  std::vector<std::int32_t> header(256);
  header[0] = 20240520;
  header[1] = 1;
  header[2] = 2;
  for (const auto& [name, content] :
       {std::pair("a.npy", npy), std::pair("gpt2.bin", Bytes(header) + Bytes<std::uint16_t>({1, 2}))}) {
    const auto path = folder_.Write(name, content);
    const auto file = TokenFile::Open(path, {.vocabulary = 65536, .key = "data.validation_path"});
    EXPECT_TRUE(absl::IsFailedPrecondition(file.status())) << name;
    EXPECT_THAT(Message(file), testing::AllOf(HasSubstr("data.validation_path"), HasSubstr(path.string())));
  }
}

TEST_F(TokenFileTest, ASidecarThatDoesNotDescribeTheFileIsRefused) {
  const auto path = folder_.Write("t.bin", Bytes<std::uint16_t>({1, 2, 3}));
  for (const char* sidecar : {R"({"vocabulary": 9, "tokens": 4})", R"({"vocabulary": 9, "token_type": "int64"})",
                              R"({"vocabulary": -9})", R"({"vocabulary": 9, "tokens": "many"})", "[]", "", "9"}) {
    folder_.Write("t.json", sidecar);
    EXPECT_TRUE(absl::IsDataLoss(TokenFile::Open(path, {}).status())) << sidecar;
  }
  folder_.Write("t.json", R"({"vocabulary": 9, "tokens": 3, "anything": "else"})");
  EXPECT_TRUE(TokenFile::Open(path, {}).ok());
}

TEST_F(TokenFileTest, FingerprintsTellContentsApart) {
  const auto open = [&](const char* name, const std::vector<std::uint16_t>& tokens) {
    return TokenFile::Open(folder_.Write(name, Bytes(tokens)), {.vocabulary = 100})->Fingerprint();
  };
  EXPECT_EQ(open("a.bin", {1, 2, 3}), open("b.bin", {1, 2, 3}));
  EXPECT_NE(open("a.bin", {1, 2, 3}), open("c.bin", {1, 2, 4}));
  EXPECT_NE(open("a.bin", {1, 2, 3}), open("d.bin", {1, 2}));
}

}  // namespace
}  // namespace ofsweep
