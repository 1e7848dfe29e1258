#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "corpus/data_roots.h"
#include "corpus/fingerprint_cache.h"
#include "corpus/listing.h"
#include "experiment/data_input.h"

namespace ofsweep {

// Where prepared corpora and the fingerprints of files lie unless a program is told otherwise:
// $XDG_CACHE_HOME/ofsweep/datasets or ~/.cache/ofsweep/datasets.
std::filesystem::path DefaultDatasetCache();

// Called with the bytes read so far and those of all files, about every 8 MiB that are really read.
using OnBytesRead = std::function<void(std::uint64_t bytes, std::uint64_t of_bytes)>;

// What an input held when it was looked at. The files may be others by the time that they are read: `sha256` tells.
struct InputContent {
  DataRoots roots;                // beneath which the files are opened
  std::vector<CorpusFile> files;  // by their paths, Python files by their contents; tokens with their sidecar
  LeftOutFiles left_out;
  // kFingerprintDigits digits that are equal where training reads the same: of a file's bytes, with those of its
  // sidecar for tokens; of a text folder's files in the order of their paths; of the set of contents of Python files.
  std::string fingerprint;
};

// `key` is the trial key that names the path, for messages. PermissionDenied, NotFound, FailedPrecondition,
// Unavailable: as DataRoots, ListCorpus and FingerprintCache.
absl::StatusOr<InputContent> ContentOf(const DataInput& input, const DataRoots& roots, std::string_view key,
                                       FingerprintCache& cache, const OnBytesRead& progress);

}  // namespace ofsweep
