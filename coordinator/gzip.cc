#include "coordinator/gzip.h"

#include <zlib.h>

#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib's way of saying: with gzip's header

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view packed, std::size_t max_bytes) {
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipWindow) != Z_OK) return absl::InternalError("zlib cannot be set up");
  const absl::Cleanup end = [&stream] { ::inflateEnd(&stream); };
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::vector<char> piece(kPieceBytes);
  for (int state = Z_OK; state != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = piece.size() - stream.avail_out;
    text.append(piece.data(), got);
    if (text.size() > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("the message is longer than ", max_bytes, " bytes"));
    }
    if (state != Z_OK && state != Z_STREAM_END)
      return absl::InvalidArgumentError("the message is no gzip, or is cut off");
  }
  return text;
}

}  // namespace ofsweep
