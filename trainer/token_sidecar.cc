#include "trainer/token_sidecar.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "trainer/files.h"

namespace ofsweep {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostUint16Vocabulary = 65536;

// Throws Json::exception where the sidecar has another shape, and nothing for a type that is none.
std::optional<TokenSidecar> FromJson(const Json& json) {
  TokenSidecar sidecar;
  const Json& vocabulary = json.at("vocabulary");
  if (!vocabulary.is_number_unsigned()) return std::nullopt;
  sidecar.vocabulary = vocabulary.get<std::int64_t>();
  if (json.contains("token_type")) {
    sidecar.token_type = ParseTokenType(json.at("token_type").get<std::string>());
    if (!sidecar.token_type) return std::nullopt;
  }
  if (json.contains("tokens")) sidecar.tokens = json.at("tokens").get<std::int64_t>();
  if (json.contains("left_out")) sidecar.left_out = json.at("left_out").get<LeftOutFiles>();
  return sidecar;
}

std::optional<TokenSidecar> Parse(std::string_view text) {
  try {
    return FromJson(Json::parse(text));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string_view Name(TokenType type) {
  return type == TokenType::kUint16 ? "uint16" : "uint32";
}

std::optional<TokenType> ParseTokenType(std::string_view name) {
  if (name == "uint16") return TokenType::kUint16;
  if (name == "uint32") return TokenType::kUint32;
  return std::nullopt;
}

std::size_t BytesOf(TokenType type) {
  return type == TokenType::kUint16 ? 2 : 4;
}

TokenType NarrowestFor(std::int64_t vocabulary) {
  return vocabulary > kMostUint16Vocabulary ? TokenType::kUint32 : TokenType::kUint16;
}

absl::StatusOr<std::optional<TokenSidecar>> ReadSidecar(const std::filesystem::path& tokens, std::string_view key,
                                                        const DataRoots& roots) {
  const std::filesystem::path path = SidecarOf(tokens);
  const absl::StatusOr<RegularFile> file = roots.Open(path);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  if (!file.ok()) {
    return absl::Status(file.status().code(), absl::StrCat(std::string(key), ": ", file.status().message()));
  }
  const absl::StatusOr<MappedFile> mapped = MappedFile::Of(*file);
  if (!mapped.ok()) return mapped.status();
  std::optional<TokenSidecar> sidecar = Parse(mapped->text());
  if (!sidecar) {
    return absl::DataLossError(
        absl::StrCat(path.string(), ": does not describe tokens; write {\"vocabulary\": V, \"token_type\": ",
                     "\"uint16\"} (or \"uint32\"), or remove it and give model.vocabulary and data.token_type"));
  }
  return sidecar;
}

}  // namespace ofsweep
