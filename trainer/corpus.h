#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ofsweep {

enum class CorpusKind { kPython, kText };

// A file of a corpus as the file system knows it.
struct CorpusFile {
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds
};

// Every *.py file (python) or every file (text) under `path`, which may also be one file; hidden files and folders are
// left out. For python an empty path means the Python of this machine: /usr/lib/python3* and /usr/local/lib/python3*.
// Sorted by path. NotFound where there is none.
absl::StatusOr<std::vector<CorpusFile>> ListCorpus(CorpusKind kind, const std::filesystem::path& path);

// One digest of paths, sizes and times: it changes when the corpus does, without reading it.
std::string ListingDigest(const std::vector<CorpusFile>& files);

// The documents to train on: files that are UTF-8, each content once. Python: a mixed sample of at most 16 MiB, chosen
// and ordered by the hash of the content, so that head and tail are alike. Text: all, in the order of their paths.
struct Documents {
  std::vector<CorpusFile> files;
  std::uint64_t bytes = 0;
  std::int64_t duplicates = 0;
  std::int64_t undecodable = 0;
};
absl::StatusOr<Documents> ChooseDocuments(CorpusKind kind, const std::vector<CorpusFile>& files);

// Calls `consume` with each line of each document, its line feed included, and with an empty line after every document.
absl::Status ForEachLine(const Documents& documents, const std::function<absl::Status(std::string_view line)>& consume);

}  // namespace ofsweep
