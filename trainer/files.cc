#include "trainer/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "host/disk.h"

namespace ofsweep {
namespace {

constexpr auto kLockRetry = std::chrono::milliseconds(100);

absl::Status ReadError(const std::filesystem::path& path, int error) {
  const std::string message = absl::StrCat(path.string(), ": cannot be read: ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(absl::StrCat(path.string(), ": no such file"));
  return absl::FailedPreconditionError(message);
}

absl::Status WriteError(const std::filesystem::path& path, int error) {
  const std::string message = absl::StrCat(path.string(), ": cannot be written: ", std::strerror(error));
  if (IsNoSpace(error)) {
    return absl::ResourceExhaustedError(
        absl::StrCat(message, "; free some space there, or choose another folder with --output or --cache"));
  }
  return absl::UnavailableError(absl::StrCat(message, "; check the folder's owner and permissions"));
}

// A rename is durable only once its folder is.
absl::Status SyncFolder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return WriteError(folder, errno);
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  // Some network file systems cannot sync a folder and say EINVAL: there the rename alone has to do.
  if (fsync(descriptor) != 0 && errno != EINVAL) return WriteError(folder, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // else a pipe waits for its writer
  if (descriptor < 0) return ReadError(path, errno);
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  return Map(descriptor, path);
}

absl::StatusOr<MappedFile> MappedFile::Of(const RegularFile& file) {
  return Map(file.descriptor(), file.path());
}

absl::StatusOr<MappedFile> MappedFile::Map(int descriptor, const std::filesystem::path& path) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return ReadError(path, errno);
  if (S_ISDIR(status.st_mode)) return ReadError(path, EISDIR);
  if (!S_ISREG(status.st_mode))
    return absl::FailedPreconditionError(absl::StrCat(path.string(), ": is no regular file"));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return MappedFile(nullptr, 0);
  void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) return ReadError(path, errno);
  return MappedFile(address, size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (address_ != nullptr) munmap(address_, size_);
}

absl::Status FileWriter::Write(const void* data, std::size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = write(descriptor_, next, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return WriteError(path_, errno);
    }
    next += written;
    size -= static_cast<std::size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Overwrite(std::size_t offset, std::string_view bytes) {
  if (lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) return WriteError(path_, errno);
  if (absl::Status status = Write(bytes.data(), bytes.size()); !status.ok()) return status;
  if (lseek(descriptor_, 0, SEEK_END) < 0) return WriteError(path_, errno);
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::filesystem::path& path,
                                 const std::function<absl::Status(FileWriter&)>& write) {
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return WriteError(path, errno);
  absl::Cleanup remove_it = [&temporary] { unlink(temporary.c_str()); };
  {
    const absl::Cleanup close_it = [descriptor] { close(descriptor); };
    FileWriter writer(descriptor, path);
    if (absl::Status status = write(writer); !status.ok()) return status;
    if (fchmod(descriptor, 0644) != 0 || fsync(descriptor) != 0) return WriteError(path, errno);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return WriteError(path, errno);
  std::move(remove_it).Cancel();
  return SyncFolder(path.has_parent_path() ? path.parent_path() : ".");
}

absl::Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  return WriteFileAtomically(path, [&](FileWriter& file) { return file.Write(content.data(), content.size()); });
}

absl::Status MakeFolder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? WriteError(path, error.value()) : absl::OkStatus();
}

absl::StatusOr<FileLock> FileLock::Acquire(const std::filesystem::path& path, const std::function<void()>& on_wait) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return WriteError(path, errno);
  FileLock lock(descriptor);
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return WriteError(path, errno);
    on_wait();
    std::this_thread::sleep_for(kLockRetry);
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace ofsweep
