#include "trainer/token_file.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

constexpr std::int64_t kMostNarrowVocabulary = 65536;
constexpr std::size_t kFingerprintBytes = 1 << 20;

// The vocabulary that NAME.json states; nothing where there is no such file.
absl::StatusOr<std::optional<std::int64_t>> SidecarVocabulary(const std::filesystem::path& tokens) {
  const std::filesystem::path sidecar = SidecarOf(tokens);
  const absl::StatusOr<MappedFile> file = MappedFile::Open(sidecar);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  if (!file.ok()) return file.status();
  const nlohmann::json json = nlohmann::json::parse(file->text(), nullptr, false);
  const auto vocabulary = json.is_object() ? json.find("vocabulary") : json.end();
  if (!json.is_object() || vocabulary == json.end() || !vocabulary->is_number_unsigned()) {
    return absl::DataLossError(
        absl::StrCat(sidecar.string(), ": states no vocabulary; write {\"vocabulary\": V} or remove it"));
  }
  return vocabulary->get<std::int64_t>();
}

template <class Token>
const Token* TokensOf(const MappedFile& file) {
  return reinterpret_cast<const Token*>(file.bytes().data());
}

}  // namespace

std::filesystem::path SidecarOf(const std::filesystem::path& tokens) {
  return std::filesystem::path(tokens).replace_extension(".json");
}

absl::StatusOr<TokenFile> TokenFile::Open(const std::filesystem::path& path, std::optional<std::int64_t> vocabulary) {
  absl::StatusOr<MappedFile> mapped = MappedFile::Open(path);
  if (absl::IsNotFound(mapped.status())) {
    return absl::NotFoundError(absl::StrCat("data.path: ", path.string(), ": no such file; name a .bin of tokens"));
  }
  if (!mapped.ok()) return mapped.status();
  const absl::StatusOr<std::optional<std::int64_t>> stated = SidecarVocabulary(path);
  if (!stated.ok()) return stated.status();
  if (!vocabulary && !*stated) {
    return absl::InvalidArgumentError(absl::StrCat("model.vocabulary: ", path.string(), " has no ",
                                                   SidecarOf(path).filename().string(),
                                                   " beside it that states its vocabulary; give model.vocabulary"));
  }
  const bool wide = stated->value_or(vocabulary.value_or(0)) > kMostNarrowVocabulary;
  if (mapped->bytes().size() % (wide ? 4 : 2) != 0) {
    return absl::DataLossError(absl::StrCat(path.string(), ": is truncated: its ", mapped->bytes().size(),
                                            " bytes are no whole number of ", wide ? "uint32" : "uint16",
                                            " tokens; write it again"));
  }
  TokenFile file(*std::move(mapped), wide, vocabulary ? *vocabulary : stated->value());
  if (absl::Status status = file.CheckVocabulary(path); !status.ok()) return status;
  return file;
}

TokenFile::TokenFile(MappedFile file, bool wide, std::int64_t vocabulary)
    : file_(std::move(file)),
      wide_(wide),
      size_(static_cast<std::int64_t>(file_.bytes().size() / (wide ? 4 : 2))),
      vocabulary_(vocabulary) {}

absl::Status TokenFile::CheckVocabulary(const std::filesystem::path& path) const {
  const auto check = [&](const auto* tokens) -> absl::Status {
    const auto* end = tokens + size_;
    const auto* outside = std::find_if(tokens, end, [this](std::int64_t token) { return token >= vocabulary_; });
    if (outside == end) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat(path.string(), ": token ", *outside, " at position ", outside - tokens,
                     " is outside the vocabulary of ", vocabulary_, "; set model.vocabulary to at least ",
                     std::int64_t{*std::max_element(outside, end)} + 1, ", or prepare the tokens again"));
  };
  return wide_ ? check(TokensOf<std::uint32_t>(file_)) : check(TokensOf<std::uint16_t>(file_));
}

void TokenFile::Copy(std::int64_t begin, std::int64_t count, std::int64_t* out) const {
  if (wide_) {
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
