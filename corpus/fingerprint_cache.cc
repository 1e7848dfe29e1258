#include "corpus/fingerprint_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corpus/data_roots.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kReadBytes = 8 << 20;
constexpr std::int64_t kSettledNanoseconds = 2'000'000'000;

std::int64_t Nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::string IdentityOf(const struct stat& file) {
  return absl::StrCat(file.st_dev, ":", file.st_ino, ":", file.st_size, ":", Nanoseconds(file.st_mtim), ":",
                      Nanoseconds(file.st_ctim));
}

bool IsSettled(const struct stat& file) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return Nanoseconds(now) - std::max(Nanoseconds(file.st_mtim), Nanoseconds(file.st_ctim)) > kSettledNanoseconds;
}

absl::Status ChangedMeanwhile(const fs::path& file) {
  return absl::UnavailableError(
      absl::StrCat(file.string(), " was changed while it was read; try again when nothing writes to it"));
}

// Reading ends at the file's size, too, when it grows for ever.
absl::StatusOr<std::string> Read(const RegularFile& file, const FingerprintCache::Progress& progress) {
  Sha256 digest;
  std::vector<char> buffer(kReadBytes);
  std::uint64_t bytes = 0;
  while (true) {
    const ssize_t got = ::pread(file.descriptor(), buffer.data(), buffer.size(), static_cast<off_t>(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotBeRead(file.path(), errno);
    if (got == 0) return digest.Hex();
    digest.Update(buffer.data(), static_cast<std::size_t>(got));
    bytes += static_cast<std::uint64_t>(got);
    if (bytes > file.size()) return ChangedMeanwhile(file.path());
    if (progress) progress(bytes);
  }
}

}  // namespace

FingerprintCache::FingerprintCache(const fs::path& folder) : path_(folder / "fingerprints") {
  Load();
}

absl::StatusOr<std::string> FingerprintCache::Sha256Of(const RegularFile& file, const Progress& progress) {
  const std::string identity = IdentityOf(file.status());
  if (const auto kept = digests_.find(identity); kept != digests_.end()) return kept->second;
  const bool is_settled = IsSettled(file.status());
  absl::StatusOr<std::string> digest = Read(file, progress);
  if (!digest.ok()) return digest;
  struct stat after;
  if (::fstat(file.descriptor(), &after) != 0) return CannotBeRead(file.path(), errno);
  if (IdentityOf(after) != identity) return ChangedMeanwhile(file.path());
  if (is_settled) Keep(identity, *digest);
  return digest;
}

void FingerprintCache::Load() {
  std::ifstream file(path_);
  std::string identity, digest;
  while (file >> identity >> digest) {
    if (digest.size() == kDigestDigits) digests_[identity] = digest;
  }
}

// One write to a file opened for appending: lines of programs that run side by side do not mix.
void FingerprintCache::Keep(const std::string& identity, const std::string& digest) {
  digests_[identity] = digest;
  std::error_code ignored;
  fs::create_directories(path_.parent_path(), ignored);
  const int descriptor = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return;
  const std::string line = absl::StrCat(identity, " ", digest, "\n");
  [[maybe_unused]] const ssize_t written = ::write(descriptor, line.data(), line.size());
  ::close(descriptor);
}

}  // namespace ofsweep
