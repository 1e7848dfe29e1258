#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corpus/input_content.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

// The documents to train on: files that are UTF-8, each content once, in the order of `input`. Python: a sample of at
// most 16 MiB, mixed where the files come in the order of their digests, so that head and tail are alike. Left out are
// files that are `empty`, `not_utf8`, a `duplicate` of another one, or `beyond_sample`. FailedPrecondition where a file
// cannot be read, or is not what its digest says.
struct Documents {
  DataRoots roots;  // beneath which the files are opened
  std::vector<CorpusFile> files;
  std::uint64_t bytes = 0;
  LeftOutFiles left_out;
};
absl::StatusOr<Documents> ChooseDocuments(CorpusKind kind, const InputContent& input);

// Longer lines come in pieces: SentencePiece takes many times a line's memory, and learns from none above 64 KiB.
inline constexpr std::size_t kMaxPieceBytes = 16 << 10;

// Calls `consume` with each line of each document, its line feed included, and with an empty line after every document.
// A line longer than kMaxPieceBytes is cut in front of a space, which changes no token, or where there is none between
// two characters. FailedPrecondition, with lines consumed, where a file is not what its digest says.
absl::Status ForEachLine(const Documents& documents, const std::function<absl::Status(std::string_view line)>& consume);

}  // namespace ofsweep
