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
absl::Status OfKey(std::string_view key, const absl::Status& status) {
  return {status.code(), absl::StrCat(std::string(key), ": ", status.message())};
}

absl::Status ReadDigests(InputContent& content, std::string_view key, FingerprintCache& cache,
                         const OnBytesRead& progress) {
  std::uint64_t all = 0, done = 0;
  for (const CorpusFile& file : content.files) all += file.size;
  for (CorpusFile& file : content.files) {
    const absl::StatusOr<RegularFile> opened = content.roots.Open(file.path);
    if (!opened.ok()) return OfKey(key, opened.status());
    auto digest = cache.Sha256Of(*opened, [&](std::uint64_t bytes) {
      if (progress) progress(done + bytes, all);
    });
    if (!digest.ok()) return OfKey(key, digest.status());
    file.sha256 = *std::move(digest);
    done += file.size;
  }
  return absl::OkStatus();
}

CorpusFile FileOf(const RegularFile& file) {
  return {.path = file.path(), .size = file.size(), .sha256 = {}};
}

absl::StatusOr<CorpusListing> ListInput(const DataInput& input, const DataRoots& roots, std::string_view key) {
  if (input.source == "python") return ListCorpus(CorpusKind::kPython, input.path, roots, key);
  if (input.source == "text") return ListCorpus(CorpusKind::kText, input.path, roots, key);
  const absl::StatusOr<RegularFile> file = roots.Open(input.path);
  if (!file.ok()) return OfKey(key, file.status());
  CorpusListing listing{.files = {FileOf(*file)}, .left_out = {}};
  if (input.source != "tokens") return listing;
  const absl::StatusOr<RegularFile> sidecar = roots.Open(SidecarOf(input.path));
  if (absl::IsNotFound(sidecar.status())) return listing;
  if (!sidecar.ok()) return OfKey(key, sidecar.status());
  listing.files.push_back(FileOf(*sidecar));
  return listing;
}

}  // namespace

fs::path DefaultDatasetCache() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg != '\0') return fs::path(xdg) / "ofsweep" / "datasets";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".cache" / "ofsweep" / "datasets";
}

absl::StatusOr<InputContent> ContentOf(const DataInput& input, const DataRoots& roots, std::string_view key,
                                       FingerprintCache& cache, const OnBytesRead& progress) {
  absl::StatusOr<CorpusListing> listing = ListInput(input, roots, key);
  if (!listing.ok()) return listing.status();
  InputContent content{.roots = RootsOf(input.path, roots),
                       .files = std::move(listing->files),
                       .left_out = std::move(listing->left_out),
                       .fingerprint = {}};
  if (absl::Status status = ReadDigests(content, key, cache, progress); !status.ok()) return status;
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
