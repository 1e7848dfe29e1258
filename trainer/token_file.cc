#include "trainer/token_file.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

constexpr std::size_t kFingerprintBytes = 1 << 20;

template <class Token>
const Token* TokensOf(const MappedFile& file) {
  return reinterpret_cast<const Token*>(file.bytes().data());
}

// The header of llm.c and its descendants: 256 int32, of which the first two are a format and its version.
constexpr std::size_t kLlmCHeaderBytes = 1024;
constexpr std::int32_t kLlmCFormats[] = {20240520, 20240801};
constexpr std::int32_t kMostLlmCVersion = 100;

bool HasLlmCHeader(std::string_view bytes) {
  if (bytes.size() < kLlmCHeaderBytes) return false;
  std::int32_t header[2];
  std::memcpy(header, bytes.data(), sizeof header);
  return std::find(std::begin(kLlmCFormats), std::end(kLlmCFormats), header[0]) != std::end(kLlmCFormats) &&
         header[1] >= 0 && header[1] <= kMostLlmCVersion;
}

// A header would be read as tokens.
absl::Status CheckNoHeader(std::string_view bytes, const std::string& name) {
  if (bytes.starts_with("\x93NUMPY")) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": is a NumPy .npy file; write its tokens without the header: ",
                     "numpy.load(FILE).astype('uint16').tofile('NAME.bin'), 'uint32' for a vocabulary above 65,536"));
  }
  if (HasLlmCHeader(bytes)) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": has the header of llm.c; write its tokens without it: tail -c +", kLlmCHeaderBytes + 1,
                     " FILE > NAME.bin"));
  }
  return absl::OkStatus();
}

// Small uint32 tokens, taken for uint16, are tokens with a 0 behind each.
bool LooksLikeUint32(const MappedFile& file) {
  const auto* tokens = TokensOf<std::uint16_t>(file);
  const std::size_t count = file.bytes().size() / 2;
  if (count < 2 || count % 2 != 0) return false;
  bool all_zero = true;
  for (std::size_t i = 0; i < count; i += 2) {
    if (tokens[i + 1] != 0) return false;
    all_zero = all_zero && tokens[i] == 0;
  }
  return !all_zero;
}

// As the sidecar or the trial says, or as follows from the vocabulary.
absl::StatusOr<TokenType> ResolveType(const StatedTokens& stated, const std::optional<TokenSidecar>& sidecar,
                                      const MappedFile& file, const std::filesystem::path& path) {
  const std::optional<TokenType> of_sidecar = sidecar ? sidecar->token_type : std::nullopt;
  if (stated.type && of_sidecar && *stated.type != *of_sidecar) {
    return absl::InvalidArgumentError(absl::StrCat("data.token_type: is ", std::string(Name(*stated.type)), ", but ",
                                                   SidecarOf(path).string(),
                                                   " says another type; leave it at auto, or mend that file"));
  }
  if (stated.type) return *stated.type;
  if (of_sidecar) return *of_sidecar;
  const TokenType type = NarrowestFor(sidecar ? sidecar->vocabulary : *stated.vocabulary);
  if (type == TokenType::kUint16 && LooksLikeUint32(file)) {
    return absl::FailedPreconditionError(
        absl::StrCat(std::string(stated.key), ": ", path.string(),
                     " looks like uint32 tokens; give data.token_type uint32, or uint16 if they are so"));
  }
  return type;
}

// As many tokens as the sidecar says, and no part of one.
absl::Status CheckSize(std::size_t bytes, TokenType type, const std::optional<TokenSidecar>& sidecar,
                       const std::string& name) {
  if (bytes % BytesOf(type) != 0) {
    return absl::DataLossError(absl::StrCat(name, ": is truncated, or of another data.token_type: its ", bytes,
                                            " bytes are no whole number of tokens; write it again"));
  }
  const auto tokens = static_cast<std::int64_t>(bytes / BytesOf(type));
  if (sidecar && sidecar->tokens && *sidecar->tokens != tokens) {
    return absl::DataLossError(
        absl::StrCat(name, ": holds another number of tokens than the .json beside it says; write both again"));
  }
  return absl::OkStatus();
}

absl::StatusOr<MappedFile> Map(const std::filesystem::path& path, const StatedTokens& stated) {
  const absl::StatusOr<RegularFile> file = stated.roots.Open(path);
  if (file.ok()) return MappedFile::Of(*file);
  return absl::Status(file.status().code(), absl::StrCat(std::string(stated.key), ": ", file.status().message()));
}

}  // namespace

absl::StatusOr<TokenFile> TokenFile::Open(const std::filesystem::path& path, const StatedTokens& stated) {
  const std::string name = absl::StrCat(std::string(stated.key), ": ", path.string());
  absl::StatusOr<MappedFile> mapped = Map(path, stated);
  if (!mapped.ok()) return mapped.status();
  if (absl::Status status = CheckNoHeader(mapped->text(), name); !status.ok()) return status;
  absl::StatusOr<std::optional<TokenSidecar>> sidecar = ReadSidecar(path, stated.key, stated.roots);
  if (!sidecar.ok()) return sidecar.status();
  if (!stated.vocabulary && !*sidecar) {
    return absl::InvalidArgumentError(absl::StrCat("model.vocabulary: ", path.string(), " has no ",
                                                   SidecarOf(path).filename().string(),
                                                   " beside it that states its vocabulary; give model.vocabulary"));
  }
  const absl::StatusOr<TokenType> type = ResolveType(stated, *sidecar, *mapped, path);
  if (!type.ok()) return type.status();
  if (absl::Status status = CheckSize(mapped->bytes().size(), *type, *sidecar, name); !status.ok()) return status;
  const std::int64_t vocabulary = stated.vocabulary ? *stated.vocabulary : (*sidecar)->vocabulary;
  TokenFile file(*std::move(mapped), *type, vocabulary, *sidecar ? (*sidecar)->left_out : LeftOutFiles());
  if (!file.HoldsItsVocabulary()) {
    return absl::DataLossError(
        absl::StrCat(name, ": holds a token outside the vocabulary, which is model.vocabulary, or where that is auto ",
                     "what the .json beside the tokens states; raise it, prepare the tokens again, or give ",
                     "data.token_type where they are of the other one"));
  }
  return file;
}

TokenFile::TokenFile(MappedFile file, TokenType type, std::int64_t vocabulary, LeftOutFiles left_out)
    : file_(std::move(file)),
      type_(type),
      size_(static_cast<std::int64_t>(file_.bytes().size() / BytesOf(type))),
      vocabulary_(vocabulary),
      left_out_(std::move(left_out)) {}

bool TokenFile::HoldsItsVocabulary() const {
  const auto holds = [this](const auto* tokens) {
    return std::all_of(tokens, tokens + size_, [this](std::int64_t token) { return token < vocabulary_; });
  };
  return type_ == TokenType::kUint32 ? holds(TokensOf<std::uint32_t>(file_)) : holds(TokensOf<std::uint16_t>(file_));
}

void TokenFile::Copy(std::int64_t begin, std::int64_t count, std::int64_t* out) const {
  if (type_ == TokenType::kUint32) {
    std::copy_n(TokensOf<std::uint32_t>(file_) + begin, count, out);
  } else {
    std::copy_n(TokensOf<std::uint16_t>(file_) + begin, count, out);
  }
}

std::string TokenFile::Fingerprint() const {
  const std::string_view bytes = file_.text();
  const std::size_t end_bytes = std::min(bytes.size(), kFingerprintBytes);
  Sha256 digest;
  digest.Update(absl::StrCat(bytes.size(), "\n"));
  digest.Update(bytes.substr(0, end_bytes));
  digest.Update(bytes.substr(bytes.size() - end_bytes));
  return digest.Hex();
}

}  // namespace ofsweep
