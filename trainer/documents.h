#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corpus/listing.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

// The documents to train on: files that are UTF-8, each content once. Python: a mixed sample of at most 16 MiB, chosen
// and ordered by the hash of the content, so that head and tail are alike. Text: all, in the order of their paths. Left
// out are files that are `empty`, `not_utf8`, a `duplicate` of another one, or `beyond_sample`.
struct Documents {
  std::vector<CorpusFile> files;
  std::uint64_t bytes = 0;
  LeftOutFiles left_out;
};
absl::StatusOr<Documents> ChooseDocuments(CorpusKind kind, const std::vector<CorpusFile>& files);

// Longer lines come in pieces: SentencePiece takes many times a line's memory, and learns from none above 64 KiB.
inline constexpr std::size_t kMaxPieceBytes = 16 << 10;

// Calls `consume` with each line of each document, its line feed included, and with an empty line after every document.
// A line longer than kMaxPieceBytes is cut in front of a space, which changes no token, or where there is none between
// two characters.
absl::Status ForEachLine(const Documents& documents, const std::function<absl::Status(std::string_view line)>& consume);

}  // namespace ofsweep
