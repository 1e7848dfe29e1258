#include "trainer/tokenizer.h"

#include <cstdio>
#include <stdexcept>

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

namespace ofsweep {
namespace {

// SentencePiece writes spaces as this character, so that one in the text itself would come back as a space: it is
// encoded byte by byte.
constexpr std::string_view kSpaceMark = "\xe2\x96\x81";

// SentencePiece's own words may quote the text.
void Check(const sentencepiece::util::Status& status, const char* what) {
  if (!status.ok()) throw std::runtime_error(std::string(what) + " failed");
}

class LineIterator : public sentencepiece::SentenceIterator {
 public:
  explicit LineIterator(const std::vector<std::string>& lines) : lines_(lines) {}

  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  std::size_t next_ = 0;
};

}  // namespace

struct Tokenizer::Processor {
  sentencepiece::SentencePieceProcessor pieces;
  std::vector<std::int32_t> space_mark;

  void Append(std::string_view text, std::vector<std::int32_t>& tokens) const {
    if (text.empty()) return;
    std::vector<int> encoded;
    Check(pieces.Encode(text, &encoded), "encoding");
    tokens.insert(tokens.end(), encoded.begin(), encoded.end());
  }
};

std::string Tokenizer::Train(const std::vector<std::string>& lines, std::int64_t vocabulary) {
  LineIterator iterator(lines);
  std::string model;
  Check(sentencepiece::SentencePieceTrainer::Train({{"model_type", "bpe"},
                                                    {"vocab_size", std::to_string(vocabulary)},
                                                    {"hard_vocab_limit", "false"},
                                                    {"byte_fallback", "true"},
                                                    {"character_coverage", "0.9995"},
                                                    {"normalization_rule_name", "identity"},
                                                    {"add_dummy_prefix", "false"},
                                                    {"remove_extra_whitespaces", "false"},
                                                    {"max_sentence_length", "65536"},
                                                    {"unk_id", "0"},
                                                    {"eos_id", std::to_string(kEndOfDocument)},
                                                    {"bos_id", "-1"},
                                                    {"pad_id", "-1"},
                                                    {"num_threads", "1"},
                                                    {"minloglevel", "2"}},
                                                   &iterator, &model),
        "training the tokenizer");
  return model;
}

Tokenizer::Tokenizer(std::string_view model) : processor_(std::make_unique<Processor>()) {
  Check(processor_->pieces.LoadFromSerializedProto(model), "loading the tokenizer");
  for (const char byte : kSpaceMark) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", static_cast<unsigned char>(byte));
    processor_->space_mark.push_back(processor_->pieces.PieceToId(name));
  }
}

Tokenizer::~Tokenizer() = default;

std::int64_t Tokenizer::VocabularySize() const {
  return processor_->pieces.GetPieceSize();
}

std::vector<std::int32_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<std::int32_t> tokens;
  std::size_t begin = 0;
  for (std::size_t mark; (mark = text.find(kSpaceMark, begin)) != std::string_view::npos;
       begin = mark + kSpaceMark.size()) {
    processor_->Append(text.substr(begin, mark - begin), tokens);
    tokens.insert(tokens.end(), processor_->space_mark.begin(), processor_->space_mark.end());
  }
  processor_->Append(text.substr(begin), tokens);
  return tokens;
}

std::string Tokenizer::Decode(const std::vector<std::int32_t>& tokens) const {
  std::string text;
  Check(processor_->pieces.Decode(tokens, &text), "decoding");
  return text;
}

}  // namespace ofsweep
