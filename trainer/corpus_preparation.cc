#include "trainer/corpus_preparation.h"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiment/sha256.h"
#include "trainer/files.h"
#include "trainer/log.h"
#include "trainer/token_sidecar.h"
#include "trainer/tokenizer.h"

namespace ofsweep {
namespace {

constexpr int kTokenizerVersion = 3;
constexpr std::uint64_t kTokenizerSampleBytes = 4 << 20;
constexpr std::size_t kWriteBufferTokens = 1 << 20;
constexpr double kMebibyte = 1 << 20;

// Lines from all over the corpus, in even proportion, at most kTokenizerSampleBytes of them.
absl::StatusOr<std::vector<std::string>> SampleLines(const Documents& documents) {
  std::vector<std::string> lines;
  double share = std::min(1.0, static_cast<double>(kTokenizerSampleBytes) / static_cast<double>(documents.bytes));
  double seen = 0;
  double taken = 0;
  LogPace pace;
  absl::Status status = ForEachLine(documents, [&](std::string_view line) {
    seen += static_cast<double>(line.size());
    if (pace.IsDue()) LogInfo(absl::StrFormat("preparing data: %.0f MiB read for the tokenizer", seen / kMebibyte));
    if (line.size() > 1 && taken <= share * seen) {
      taken += static_cast<double>(line.size());
      if (line.ends_with('\n')) line.remove_suffix(1);
      lines.emplace_back(line);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return lines;
}

absl::StatusOr<std::string> TrainTokenizer(const Documents& documents, std::int64_t vocabulary) {
  const absl::StatusOr<std::vector<std::string>> lines = SampleLines(documents);
  if (!lines.ok()) return lines.status();
  try {
    return Tokenizer::Train(*lines, vocabulary);
  } catch (const std::runtime_error&) {  // which may quote the corpus
    return absl::InvalidArgumentError(absl::StrCat("data.vocabulary: ", vocabulary,
                                                   " does not suit this corpus: it has more characters, or next to ",
                                                   "no text; choose another size, 2048 for example"));
  }
}

// Gathers tokens and writes them in the width of their vocabulary.
template <class Token>
class TokenWriter {
 public:
  explicit TokenWriter(FileWriter& file) : file_(file) {}

  absl::Status Add(const std::vector<std::int32_t>& tokens) {
    buffer_.insert(buffer_.end(), tokens.begin(), tokens.end());
    count_ += static_cast<std::int64_t>(tokens.size());
    return buffer_.size() < kWriteBufferTokens ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    absl::Status status = file_.Write(buffer_.data(), buffer_.size() * sizeof(Token));
    buffer_.clear();
    return status;
  }

  std::int64_t count() const { return count_; }

 private:
  FileWriter& file_;
  std::vector<Token> buffer_;
  std::int64_t count_ = 0;
};

// The number of tokens written.
template <class Token>
absl::StatusOr<std::int64_t> EncodeTo(FileWriter& file, const Tokenizer& tokenizer, const Documents& documents) {
  TokenWriter<Token> writer(file);
  double bytes = 0;
  const double all_bytes = static_cast<double>(documents.bytes);
  LogPace pace;
  absl::Status status = ForEachLine(documents, [&](std::string_view line) {
    if (line.empty()) return writer.Add({Tokenizer::kEndOfDocument});
    bytes += static_cast<double>(line.size());
    if (pace.IsDue()) {
      LogInfo(absl::StrFormat("preparing data: %.0f %% of %.1f MiB tokenised", 100 * bytes / all_bytes,
                              all_bytes / kMebibyte));
    }
    return writer.Add(tokenizer.Encode(line));
  });
  if (status.ok()) status = writer.Flush();
  if (!status.ok()) return status;
  return writer.count();
}

absl::Status WriteTokens(const Documents& documents, const Tokenizer& tokenizer, const std::filesystem::path& path) {
  const std::int64_t vocabulary = tokenizer.VocabularySize();
  const TokenType type = NarrowestFor(vocabulary);
  std::int64_t count = 0;
  absl::Status status = WriteFileAtomically(path, [&](FileWriter& file) -> absl::Status {
    const absl::StatusOr<std::int64_t> written = type == TokenType::kUint32
                                                     ? EncodeTo<std::uint32_t>(file, tokenizer, documents)
                                                     : EncodeTo<std::uint16_t>(file, tokenizer, documents);
    count = written.value_or(0);
    return written.status();
  });
  if (!status.ok()) return status;
  const nlohmann::ordered_json sidecar = {{"vocabulary", vocabulary},
                                          {"token_type", Name(type)},
                                          {"tokenizer", "tokenizer.model"},
                                          {"tokens", count},
                                          {"documents", documents.files.size()},
                                          {"left_out", documents.left_out},
                                          {"bytes", documents.bytes}};
  return WriteFileAtomically(SidecarOf(path), sidecar.dump(1) + "\n");
}

absl::StatusOr<Documents> Choose(CorpusKind kind, const InputContent& input, std::string_view what) {
  absl::StatusOr<Documents> documents = ChooseDocuments(kind, input);
  if (documents.ok()) {
    LogInfo(absl::StrFormat("preparing data: %d of %d %s files, %.1f MiB", documents->files.size(), input.files.size(),
                            what, static_cast<double>(documents->bytes) / kMebibyte));
  }
  return documents;
}

}  // namespace

std::string RecipeDigest(const CorpusRecipe& recipe) {
  Sha256 digest;
  digest.Update(absl::StrCat(kTokenizerVersion, " ", static_cast<int>(recipe.kind), " ", recipe.vocabulary, "\n"));
  for (const CorpusFile& file : recipe.training.files) digest.Update(file.sha256 + "\n");
  digest.Update("validation\n");
  if (recipe.validation != nullptr) {
    for (const CorpusFile& file : recipe.validation->files) digest.Update(file.sha256 + "\n");
  }
  return digest.Hex();
}

absl::Status WriteCorpus(const CorpusRecipe& recipe, const std::filesystem::path& folder) {
  const absl::StatusOr<Documents> documents = Choose(recipe.kind, recipe.training, "training");
  if (!documents.ok()) return documents.status();
  LogInfo(absl::StrCat("preparing data: training a tokenizer of ", recipe.vocabulary, " tokens"));
  const absl::StatusOr<std::string> model = TrainTokenizer(*documents, recipe.vocabulary);
  if (!model.ok()) return model.status();
  if (absl::Status status = WriteFileAtomically(folder / "tokenizer.model", *model); !status.ok()) return status;
  const Tokenizer tokenizer(*model);
  if (absl::Status status = WriteTokens(*documents, tokenizer, folder / "tokens.bin"); !status.ok()) return status;
  if (recipe.validation == nullptr) return absl::OkStatus();
  const absl::StatusOr<Documents> validation = Choose(recipe.kind, *recipe.validation, "validation");
  if (!validation.ok()) return validation.status();
  return WriteTokens(*validation, tokenizer, folder / "validation.bin");
}

}  // namespace ofsweep
