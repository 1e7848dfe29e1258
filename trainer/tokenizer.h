#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ofsweep {

// Text to tokens and back: byte-pair encoding by SentencePiece, with a token for every byte, so that any text is
// encoded and Decode(Encode(x)) == x. Nothing is normalised and no space is added. Errors throw std::runtime_error.
//
// This header knows no Abseil: SentencePiece brings an absl::string_view of its own, which clashes with the real one.
class Tokenizer {
 public:
  // Stands between documents.
  static constexpr std::int32_t kEndOfDocument = 1;

  // The serialised model of at most `vocabulary` tokens, fewer where the lines hold no more. Throws where the
  // vocabulary is too small for 256 bytes and the common characters of the lines. Repeatable: same lines, same model.
  static std::string Train(const std::vector<std::string>& lines, std::int64_t vocabulary);

  // `model` as from Train, or the content of any SentencePiece .model file.
  explicit Tokenizer(std::string_view model);
  ~Tokenizer();

  std::int64_t VocabularySize() const;
  std::vector<std::int32_t> Encode(std::string_view text) const;
  std::string Decode(const std::vector<std::int32_t>& tokens) const;

 private:
  struct Processor;
  std::unique_ptr<Processor> processor_;
};

}  // namespace ofsweep
