#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "corpus/data_roots.h"
#include "corpus/listing.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

// How a token lies in a file: little-endian, without a header.
enum class TokenType { kUint16, kUint32 };

// "uint16" or "uint32", as in data.token_type and in sidecars.
std::string_view Name(TokenType type);
std::optional<TokenType> ParseTokenType(std::string_view name);
std::size_t BytesOf(TokenType type);

// The smallest type that holds every token of a vocabulary.
TokenType NarrowestFor(std::int64_t vocabulary);

// What is read of NAME.json beside NAME.bin: {"vocabulary": V}, and where they are known also "token_type", "tokens"
// (how many) and "left_out".
struct TokenSidecar {
  std::int64_t vocabulary = 0;
  std::optional<TokenType> token_type;
  std::optional<std::int64_t> tokens;
  LeftOutFiles left_out;
};

// Of the tokens at a path that the trial key `key` holds; nothing where there is no such file. Errors name it and quote
// nothing of it: those of DataRoots, and DataLoss where it describes no tokens.
absl::StatusOr<std::optional<TokenSidecar>> ReadSidecar(const std::filesystem::path& tokens, std::string_view key,
                                                        const DataRoots& roots);

}  // namespace ofsweep
