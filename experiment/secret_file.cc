#include "experiment/secret_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiment/secret.h"

namespace ofsweep {
namespace {

constexpr mode_t kOwnerAlone = 0600;
constexpr mode_t kOfOthers = 077;

class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status CannotWrite(const std::string& path) {
  return absl::ResourceExhaustedError(absl::StrCat("cannot write the key ", path, ": ", std::strerror(errno),
                                                   "; mend that, or choose another --data-dir"));
}

bool WriteAll(int fd, const std::string& text) {
  const ssize_t written = ::write(fd, text.data(), text.size());
  if (written >= 0 && written < static_cast<ssize_t>(text.size())) errno = ENOSPC;
  return written == static_cast<ssize_t>(text.size());
}

absl::StatusOr<std::string> MakeSecret(const std::string& path) {
  std::string secret(kSecretBytes, '\0');
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) return CannotWrite(path);
  // A kill may have left one, with any mode.
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const OpenFile file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerAlone));
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const OpenFile directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd() < 0 || directory.fd() < 0) return CannotWrite(path);
  const bool is_written = WriteAll(file.fd(), absl::BytesToHexString(secret) + "\n") && ::fsync(file.fd()) == 0;
  if (!is_written || ::rename(draft.c_str(), path.c_str()) != 0 || ::fsync(directory.fd()) != 0) {
    return CannotWrite(path);
  }
  return secret;
}

absl::Status CheckFile(int fd, const std::string& path, const std::string& without_it) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is no regular file, and a key must lie there: take it ", "away; ", without_it));
  }
  if ((status.st_mode & kOfOthers) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, " is a key that others than its owner may use (mode ", absl::StrFormat("%04o", status.st_mode & 07777),
      "): chmod 600 it; where one of them may have read it, remove it: ", without_it));
}

}  // namespace

absl::StatusOr<std::string> LoadOrMakeSecret(const std::string& path, const std::string& without_it) {
  // Not to wait for a pipe that lies there.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd() < 0 && errno == ENOENT) return MakeSecret(path);
  if (file.fd() < 0) {
    return absl::PermissionDeniedError(absl::StrCat("cannot read the key ", path, ": ", std::strerror(errno),
                                                    "; it must belong to the user who starts this"));
  }
  if (absl::Status status = CheckFile(file.fd(), path, without_it); !status.ok()) return status;
  std::array<char, 2 * kSecretBytes + 2> text;
  const ssize_t size = ::read(file.fd(), text.data(), text.size());
  const absl::string_view digits =
      absl::StripAsciiWhitespace(absl::string_view(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
  if (digits.size() == 2 * kSecretBytes && std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
    return absl::HexStringToBytes(digits);
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is no key (", 2 * kSecretBytes,
                   " hexadecimal digits): bring back the right file, or remove it: ", without_it));
}

}  // namespace ofsweep
