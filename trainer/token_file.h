#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trainer/files.h"

namespace ofsweep {

// Prepared tokens, mapped: little-endian uint16, or uint32 where the vocabulary is larger than 65,536. Beside NAME.bin
// stands NAME.json with at least {"vocabulary": V}.
class TokenFile {
 public:
  // `vocabulary` is what the model was given, empty for the file's own. Every token is checked against it.
  // NotFound and DataLoss name the file, and the position of a token outside the vocabulary; InvalidArgument where
  // neither the caller nor NAME.json knows the vocabulary.
  static absl::StatusOr<TokenFile> Open(const std::filesystem::path& path, std::optional<std::int64_t> vocabulary);

  std::int64_t size() const { return size_; }
  std::int64_t vocabulary() const { return vocabulary_; }

  // Tokens [begin, begin + count) as int64. The range must lie within the file.
  void Copy(std::int64_t begin, std::int64_t count, std::int64_t* out) const;

  // A digest of the size and both ends of the file: what a resumed trial compares.
  std::string Fingerprint() const;

 private:
  TokenFile(MappedFile file, bool wide, std::int64_t vocabulary);

  absl::Status CheckVocabulary(const std::filesystem::path& path) const;

  MappedFile file_;
  bool wide_;
  std::int64_t size_;
  std::int64_t vocabulary_;
};

// Tokens [begin, begin + size) of a file: the part to train on, or the part to validate on.
struct TokenRange {
  std::shared_ptr<const TokenFile> file;
  std::int64_t begin = 0;
  std::int64_t size = 0;

  // Windows of T + 1 tokens that overlap by one, as many as fit.
  std::int64_t Windows(std::int64_t context) const { return size > 0 ? (size - 1) / context : 0; }
};

// NAME.json of NAME.bin.
std::filesystem::path SidecarOf(const std::filesystem::path& tokens);

}  // namespace ofsweep
