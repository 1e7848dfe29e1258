#include "access/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxBytes = 4096;

absl::Status CannotRead(const std::string& path, int error) {
  const std::string text = absl::StrCat(path, " cannot be read: ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(text) : absl::PermissionDeniedError(text);
}

absl::Status CannotWrite(const std::string& path, int error) {
  const std::string text = absl::StrCat(path, " cannot be written: ", std::strerror(error));
  return error == ENOSPC || error == EDQUOT ? absl::ResourceExhaustedError(text) : absl::PermissionDeniedError(text);
}

bool WriteAll(int fd, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    written += static_cast<std::size_t>(count);
  }
  return ::fsync(fd) == 0;
}

// So that the name survives a power cut.
absl::Status SyncFolder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = fd >= 0 && ::fsync(fd) == 0;
  const absl::Status status = is_synced ? absl::OkStatus() : CannotWrite(path, errno);
  if (fd >= 0) ::close(fd);
  return status;
}

}  // namespace

absl::StatusOr<std::string> ReadOwnSecretFile(const std::string& path) {
  absl::StatusOr<std::string> secret = ReadSecretFile(path);
  struct stat status {};
  if (!secret.ok() || (::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid())) return secret;
  return absl::FailedPreconditionError(absl::StrCat(path, " belongs to another user (", status.st_uid,
                                                    "), who knows the secret in it: chown it, or choose ",
                                                    "another --data-dir"));
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, errno);
  const absl::Cleanup close = [fd] { ::close(fd); };
  struct stat status {};
  if (::fstat(fd, &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is no plain file"));
  // Kubernetes gives a pod's files to its group.
  if ((status.st_mode & S_IRWXO) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " holds a secret, and everybody may use it: chmod 600 ", path));
  }
  std::string text(kMaxBytes + 1, '\0');
  const ssize_t count = ::read(fd, text.data(), text.size());
  if (count < 0) return CannotRead(path, errno);
  text.resize(static_cast<std::size_t>(count));
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is too long for a secret: it is another file"));
  }
  std::string secret(absl::StripAsciiWhitespace(text));
  if (secret.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  return secret;
}

absl::Status WriteSecretFile(const std::string& path, const std::string& secret) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());  // of a kill
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return CannotWrite(draft, errno);
  const bool is_written = WriteAll(fd, secret + "\n");
  const int error = errno;
  ::close(fd);
  if (is_written && ::rename(draft.c_str(), path.c_str()) == 0) return SyncFolder(path);
  const absl::Status status = CannotWrite(path, is_written ? errno : error);
  ::unlink(draft.c_str());
  return status;
}

}  // namespace ofsweep
