#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "corpus/regular_file.h"

namespace ofsweep {

// The SHA-256 of files, each read once: a digest is kept by the file's device, inode, size and times of change in
// nanoseconds, in one text file that every program of this user shares. A file that was changed less than two seconds
// before it was read is not kept, for a later change might leave no trace in its times.
class FingerprintCache {
 public:
  // In a folder that need not exist. A file that cannot be read or written only costs time.
  explicit FingerprintCache(const std::filesystem::path& folder);

  // Called with the bytes read so far of the file at hand, about every 8 MiB.
  using Progress = std::function<void(std::uint64_t bytes)>;

  // 64 hexadecimal digits. FailedPrecondition where it cannot be read; Unavailable where it changed meanwhile.
  absl::StatusOr<std::string> Sha256Of(const RegularFile& file, const Progress& progress);

 private:
  void Load();
  void Keep(const std::string& identity, const std::string& digest);

  const std::filesystem::path path_;
  std::unordered_map<std::string, std::string> digests_;  // by the identity of the file
};

}  // namespace ofsweep
