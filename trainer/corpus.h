#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

enum class CorpusKind { kPython, kText };

// A file of a corpus as the file system knows it.
struct CorpusFile {
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds
};

struct CorpusListing {
  std::vector<CorpusFile> files;  // sorted by path
  LeftOutFiles left_out;
};

// Every *.py file (python) or every file (text) under `path`, which may also be one file. For python an empty path
// means the Python of this machine: /usr/lib/python3* and /usr/local/lib/python3*. Left out are `hidden` files and
// folders, each `link` to a folder or to nothing, and what is `special`: sockets, pipes, devices. `key` is the trial
// key that holds the path, for messages. NotFound where there is no file, FailedPrecondition where something cannot be
// read.
absl::StatusOr<CorpusListing> ListCorpus(CorpusKind kind, const std::filesystem::path& path,
                                         std::string_view key = "data.path");

// One digest of paths, sizes and times: it changes when the corpus does, without reading it.
std::string ListingDigest(const std::vector<CorpusFile>& files);

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
