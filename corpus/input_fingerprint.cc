#include "corpus/input_fingerprint.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corpus/listing.h"
#include "experiment/sha256.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// The digests of files, in their order. An error names the key, as one of ListCorpus does.
absl::StatusOr<std::vector<std::string>> DigestsOf(const std::vector<CorpusFile>& files, std::string_view key,
                                                   FingerprintCache& cache, const OnBytesRead& progress) {
  std::uint64_t all = 0, done = 0;
  for (const CorpusFile& file : files) all += file.size;
  std::vector<std::string> digests;
  for (const CorpusFile& file : files) {
    auto digest = cache.Sha256Of(file.path, [&](std::uint64_t bytes) {
      if (progress) progress(done + bytes, all);
    });
    if (!digest.ok()) {
      return absl::Status(digest.status().code(), absl::StrCat(std::string(key), ": ", digest.status().message()));
    }
    digests.push_back(*std::move(digest));
    done += file.size;
  }
  return digests;
}

absl::StatusOr<std::vector<std::string>> DigestsOfInput(const DataInput& input, std::string_view key,
                                                        FingerprintCache& cache, const OnBytesRead& progress) {
  const bool is_python = input.source == "python";
  if (is_python || input.source == "text") {
    const auto listing = ListCorpus(is_python ? CorpusKind::kPython : CorpusKind::kText, input.path, key);
    if (!listing.ok()) return listing.status();
    auto digests = DigestsOf(listing->files, key, cache, progress);
    if (is_python && digests.ok()) {  // documents are chosen and ordered by their content
      std::sort(digests->begin(), digests->end());
      digests->erase(std::unique(digests->begin(), digests->end()), digests->end());
    }
    return digests;
  }
  std::vector<CorpusFile> files = {{.path = input.path}};
  std::error_code ignored;
  if (const fs::path sidecar = SidecarOf(input.path); input.source == "tokens" && fs::exists(sidecar, ignored)) {
    files.push_back({.path = sidecar});
  }
  for (CorpusFile& file : files) {
    const auto size = fs::file_size(file.path, ignored);
    if (!ignored) file.size = size;
  }
  return DigestsOf(files, key, cache, progress);
}

}  // namespace

fs::path DefaultDatasetCache() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg != '\0') return fs::path(xdg) / "ofsweep" / "datasets";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".cache" / "ofsweep" / "datasets";
}

absl::StatusOr<std::string> FingerprintOf(const DataInput& input, std::string_view key, FingerprintCache& cache,
                                          const OnBytesRead& progress) {
  const auto digests = DigestsOfInput(input, key, cache, progress);
  if (!digests.ok()) return digests.status();
  Sha256 all;
  all.Update(absl::StrCat("ofsweep 1 ", input.source, "\n"));
  for (const std::string& digest : *digests) all.Update(digest + "\n");
  return all.Hex().substr(0, kFingerprintDigits);
}

}  // namespace ofsweep
