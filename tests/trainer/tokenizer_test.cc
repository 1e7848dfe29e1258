#include "trainer/tokenizer.h"

#include <algorithm>
#include <random>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

std::vector<std::string> SomeLines() {
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i) {
    lines.push_back("    def method_" + std::to_string(i) + "(self, value):");
    lines.push_back("        return self.value + value * " + std::to_string(i * i));
  }
  return lines;
}

const Tokenizer& SomeTokenizer() {
  static const Tokenizer tokenizer(Tokenizer::Train(SomeLines(), 400));
  return tokenizer;
}

std::string RandomText(std::mt19937& random) {
  static const std::vector<std::string> alphabet = {"a",
                                                    "def",
                                                    " ",
                                                    "  ",
                                                    "\t",
                                                    "\n",
                                                    "\r\n",
                                                    "é",
                                                    "中",
                                                    "\U0001F600",
                                                    "\xe2\x96\x81",
                                                    std::string(1, '\0'),
                                                    "\x01",
                                                    "<0x41>",
                                                    "</s>",
                                                    "<unk>",
                                                    "0",
                                                    "(",
                                                    "\xef\xbb\xbf",
                                                    "\xc2\xa0",
                                                    "ﬁ",
                                                    "\xe2\x80\x8b"};
  std::string text;
  const int pieces = std::uniform_int_distribution<int>(0, 30)(random);
  for (int i = 0; i < pieces; ++i) {
    text += alphabet[std::uniform_int_distribution<std::size_t>(0, alphabet.size() - 1)(random)];
  }
  return text;
}

TEST(Tokenizer, DecodesWhatItEncodes) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = RandomText(random);
    ASSERT_EQ(SomeTokenizer().Decode(SomeTokenizer().Encode(text)), text) << testing::PrintToString(text);
  }
}

TEST(Tokenizer, TokensLieWithinTheVocabulary) {
  EXPECT_EQ(SomeTokenizer().VocabularySize(), 400);
  for (const std::int32_t token : SomeTokenizer().Encode("def f(x):\n\treturn x  # 中\n")) {
    EXPECT_GE(token, 0);
    EXPECT_LT(token, 400);
    EXPECT_NE(token, Tokenizer::kEndOfDocument);
  }
}

TEST(Tokenizer, TheSameLinesGiveTheSameModel) {
  EXPECT_EQ(Tokenizer::Train(SomeLines(), 400), Tokenizer::Train(SomeLines(), 400));
}

TEST(Tokenizer, AVocabularyThatTheLinesCannotFillIsSmaller) {
  const Tokenizer tokenizer(Tokenizer::Train({"aaaa bbbb", "abab"}, 5000));
  EXPECT_LT(tokenizer.VocabularySize(), 5000);
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode("aab")), "aab");
}

TEST(Tokenizer, AVocabularyWithoutRoomForTheBytesIsAnError) {
  EXPECT_THROW(Tokenizer::Train(SomeLines(), 100), std::runtime_error);
}

}  // namespace
}  // namespace ofsweep
