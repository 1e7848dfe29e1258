#include "corpus/input_content.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// An error names the key, as one of ListCorpus does.
absl::Status ReadDigests(std::vector<CorpusFile>& files, std::string_view key, FingerprintCache& cache,
                         const OnBytesRead& progress) {
  std::uint64_t all = 0, done = 0;
  for (const CorpusFile& file : files) all += file.size;
  for (CorpusFile& file : files) {
    auto digest = cache.Sha256Of(file.path, [&](std::uint64_t bytes) {
      if (progress) progress(done + bytes, all);
    });
    if (!digest.ok()) {
      return absl::Status(digest.status().code(), absl::StrCat(std::string(key), ": ", digest.status().message()));
    }
    file.sha256 = *std::move(digest);
    done += file.size;
  }
  return absl::OkStatus();
}

absl::StatusOr<CorpusListing> ListInput(const DataInput& input, std::string_view key) {
  if (input.source == "python") return ListCorpus(CorpusKind::kPython, input.path, key);
  if (input.source == "text") return ListCorpus(CorpusKind::kText, input.path, key);
  CorpusListing listing{.files = {{.path = input.path}}, .left_out = {}};
  std::error_code ignored;
  if (const fs::path sidecar = SidecarOf(input.path); input.source == "tokens" && fs::exists(sidecar, ignored)) {
    listing.files.push_back({.path = sidecar});
  }
  for (CorpusFile& file : listing.files) {
    const auto size = fs::file_size(file.path, ignored);
    if (!ignored) file.size = size;
  }
  return listing;
}

}  // namespace

fs::path DefaultDatasetCache() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg != '\0') return fs::path(xdg) / "ofsweep" / "datasets";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".cache" / "ofsweep" / "datasets";
}

absl::StatusOr<InputContent> ContentOf(const DataInput& input, std::string_view key, FingerprintCache& cache,
                                       const OnBytesRead& progress) {
  absl::StatusOr<CorpusListing> listing = ListInput(input, key);
  if (!listing.ok()) return listing.status();
  InputContent content{.files = std::move(listing->files), .left_out = std::move(listing->left_out)};
  if (absl::Status status = ReadDigests(content.files, key, cache, progress); !status.ok()) return status;
  const bool is_python = input.source == "python";
  if (is_python) {
    std::stable_sort(content.files.begin(), content.files.end(),
                     [](const CorpusFile& a, const CorpusFile& b) { return a.sha256 < b.sha256; });
  }
  Sha256 all;
  all.Update(absl::StrCat("ofsweep 1 ", input.source, "\n"));
  std::string_view previous;
  for (const CorpusFile& file : content.files) {
    if (!is_python || file.sha256 != previous) all.Update(file.sha256 + "\n");
    previous = file.sha256;
  }
  content.fingerprint = all.Hex().substr(0, kFingerprintDigits);
  return content;
}

}  // namespace ofsweep
