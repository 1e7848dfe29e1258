#include "worker/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;

}  // namespace

absl::Status ReadLines(int fd, std::uint64_t& offset,
                       const std::function<bool(std::string_view line, std::uint64_t line_offset)>& visit) {
  std::vector<char> buffer(kChunkBytes);
  std::size_t filled = 0;  // bytes of the unfinished line at the start of the buffer
  while (true) {
    const ssize_t got =
        ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::InternalError(absl::StrCat("cannot read the outbox: ", std::strerror(errno)));
    if (got == 0) return absl::OkStatus();
    std::string_view text(buffer.data(), filled + static_cast<std::size_t>(got));
    for (std::size_t end = text.find('\n', filled); end != std::string_view::npos; end = text.find('\n')) {
      const std::uint64_t line_offset = offset;
      offset += end + 1;
      if (!visit(text.substr(0, end), line_offset)) return absl::OkStatus();
      text.remove_prefix(end + 1);
    }
    filled = text.size();
    if (filled >= kMaxLineBytes) {
      const std::uint64_t line_offset = offset;
      offset += filled;
      if (!visit(text, line_offset)) return absl::OkStatus();
      filled = 0;
      continue;
    }
    std::memmove(buffer.data(), text.data(), filled);
    if (filled == buffer.size()) buffer.resize(buffer.size() * 2);
  }
}

}  // namespace ofsweep
