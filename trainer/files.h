#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corpus/regular_file.h"

namespace ofsweep {

// A file, read-only in memory. The mapping lives as long as the object; the file may be renamed or unlinked meanwhile.
class MappedFile {
 public:
  // A file of the program's own or of whoever called it; what a trial names is opened by DataRoots. NotFound where
  // there is no such file; FailedPrecondition where it cannot be read. Both name it.
  static absl::StatusOr<MappedFile> Open(const std::filesystem::path& path);
  // One that is open. FailedPrecondition where it cannot be read.
  static absl::StatusOr<MappedFile> Of(const RegularFile& file);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(address_), size_}; }
  std::string_view text() const { return {static_cast<const char*>(address_), size_}; }

 private:
  static absl::StatusOr<MappedFile> Map(int descriptor, const std::filesystem::path& path);
  MappedFile(void* address, std::size_t size) : address_(address), size_(size) {}

  void* address_ = nullptr;
  std::size_t size_ = 0;
};

// Bytes on their way to a file.
class FileWriter {
 public:
  explicit FileWriter(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {}

  // ResourceExhausted on a full disk or quota, else Unavailable; both name the file and say how to mend it.
  absl::Status Write(const void* data, std::size_t size);

  // Replaces bytes already written, from `offset` on.
  absl::Status Overwrite(std::size_t offset, std::string_view bytes);

 private:
  int descriptor_;
  std::filesystem::path path_;
};

// Publishes a file whole or not at all: `write` fills a temporary file in the same folder, which is made durable and
// then renamed to `path`. On any error the temporary file is removed and what stood at `path` is untouched.
absl::Status WriteFileAtomically(const std::filesystem::path& path,
                                 const std::function<absl::Status(FileWriter&)>& write);
absl::Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// Makes the folder and its parents.
absl::Status MakeFolder(const std::filesystem::path& path);

// An exclusive lock between processes, held until destruction (the kernel lets go of it when the process dies).
class FileLock {
 public:
  // Waits for the lock; calls `on_wait` ten times a second while somebody else holds it.
  static absl::StatusOr<FileLock> Acquire(const std::filesystem::path& path, const std::function<void()>& on_wait);

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace ofsweep
