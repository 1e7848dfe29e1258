#include "corpus/fingerprint_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
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

absl::Status Unreadable(const fs::path& file, int error) {
  const std::string message = absl::StrCat(file.string(), " cannot be read: ", std::strerror(error),
                                           "; name a file that exists and can be read");
  return error == ENOENT || error == ENOTDIR ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
}

absl::Status ChangedMeanwhile(const fs::path& file) {
  return absl::UnavailableError(
      absl::StrCat(file.string(), " was changed while it was read; try again when nothing writes to it"));
}

// `size` in bytes: reading ends there, too, when the file grows for ever.
absl::StatusOr<std::string> Read(int descriptor, const fs::path& file, std::uint64_t size,
                                 const FingerprintCache::Progress& progress) {
  Sha256 digest;
  std::vector<char> buffer(kReadBytes);
  std::uint64_t bytes = 0;
  while (true) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(file, errno);
    if (got == 0) return digest.Hex();
    digest.Update(buffer.data(), static_cast<std::size_t>(got));
    bytes += static_cast<std::uint64_t>(got);
    if (bytes > size) return ChangedMeanwhile(file);
    if (progress) progress(bytes);
  }
}

}  // namespace

FingerprintCache::FingerprintCache(const fs::path& folder) : path_(folder / "fingerprints") {
  Load();
}

absl::StatusOr<std::string> FingerprintCache::Sha256Of(const fs::path& file, const Progress& progress) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe does not block
  if (descriptor < 0) return Unreadable(file, errno);
  const absl::Cleanup close = [descriptor] { ::close(descriptor); };
  struct stat before, after;
  if (::fstat(descriptor, &before) != 0) return Unreadable(file, errno);
  if (!S_ISREG(before.st_mode))
    return absl::FailedPreconditionError(absl::StrCat(file.string(), " is not a file; name one"));
  const std::string identity = IdentityOf(before);
  if (const auto kept = digests_.find(identity); kept != digests_.end()) return kept->second;
  const bool is_settled = IsSettled(before);
  absl::StatusOr<std::string> digest = Read(descriptor, file, static_cast<std::uint64_t>(before.st_size), progress);
  if (!digest.ok()) return digest;
  if (::fstat(descriptor, &after) != 0) return Unreadable(file, errno);
  if (IdentityOf(after) != identity) return ChangedMeanwhile(file);
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
