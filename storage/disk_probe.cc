#include "storage/disk_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

// About what a report of some thousand points needs.
constexpr std::size_t kProbeBytes = std::size_t{256} << 10;

// 0, or errno.
int WriteAll(int file, const std::vector<char>& bytes) {
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t count = ::write(file, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    written += static_cast<std::size_t>(count);
  }
  return ::fdatasync(file) == 0 ? 0 : errno;
}

}  // namespace

absl::Status ProbeDisk(const std::string& database) {
  const std::string probe = database + "-probe";
  int error = 0;
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) {
    error = errno;
  } else {
    error = WriteAll(file, std::vector<char>(kProbeBytes, 'x'));
    ::close(file);
    ::unlink(probe.c_str());
  }
  if (error == 0) return absl::OkStatus();
  if (IsNoSpace(error)) return NoSpace(database, std::strerror(error));
  return absl::InternalError(absl::StrCat(probe, ": cannot be written (", std::strerror(error), "); check the disk"));
}

}  // namespace ofsweep
