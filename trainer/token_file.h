#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corpus/data_roots.h"
#include "trainer/files.h"
#include "trainer/token_sidecar.h"

namespace ofsweep {

// What a trial says of its tokens; what it does not say is the sidecar's.
struct StatedTokens {
  std::optional<std::int64_t> vocabulary;
  std::optional<TokenType> type;
  std::string_view key = "data.path";  // which holds the path, for messages
  DataRoots roots = {};                // beneath which the file and its sidecar lie
};

// Prepared tokens, mapped. Their type is the trial's or else the sidecar's; where neither says it, the smallest that
// holds the sidecar's vocabulary, or without a sidecar the trial's, unless the bytes speak against it.
class TokenFile {
 public:
  // Every token is checked against the vocabulary. Errors name the file and what to change, and quote nothing of what
  // it or its sidecar holds, for whoever reads them may have no right to: those of DataRoots; FailedPrecondition where
  // it has a header (.npy, llm.c); DataLoss where it does not hold such tokens; InvalidArgument where the vocabulary is
  // unknown, or the trial and the sidecar name two types.
  static absl::StatusOr<TokenFile> Open(const std::filesystem::path& path, const StatedTokens& stated);

  std::int64_t size() const { return size_; }
  TokenType type() const { return type_; }
  const LeftOutFiles& left_out() const { return left_out_; }
  std::int64_t vocabulary() const { return vocabulary_; }

  // Tokens [begin, begin + count) as int64. The range must lie within the file.
  void Copy(std::int64_t begin, std::int64_t count, std::int64_t* out) const;

  // A digest of the size and both ends of the file: what a resumed trial compares.
  std::string Fingerprint() const;

 private:
  TokenFile(MappedFile file, TokenType type, std::int64_t vocabulary, LeftOutFiles left_out);

  bool HoldsItsVocabulary() const;  // no token is outside of it

  MappedFile file_;
  TokenType type_;
  std::int64_t size_;
  std::int64_t vocabulary_;
  LeftOutFiles left_out_;
};

// Tokens [begin, begin + size) of a file: the part to train on, or the part to validate on.
struct TokenRange {
  std::shared_ptr<const TokenFile> file;
  std::int64_t begin = 0;
  std::int64_t size = 0;

  // Windows of T + 1 tokens that overlap by one, as many as fit.
  std::int64_t Windows(std::int64_t context) const { return size > 0 ? (size - 1) / context : 0; }
};

}  // namespace ofsweep
