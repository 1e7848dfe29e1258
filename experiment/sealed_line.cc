#include "experiment/sealed_line.h"

#include <zlib.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ofsweep {
namespace {

constexpr absl::string_view kNumber = ",\"line\":";
constexpr absl::string_view kChecksum = ",\"crc32\":";

std::string Checksum(absl::string_view text) {
  return absl::StrCat(::crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()), "}");
}

}  // namespace

std::string SealLine(std::string json, std::uint64_t number) {
  json.pop_back();  // the closing brace
  absl::StrAppend(&json, kNumber, number);
  const std::string checksum = Checksum(json);
  absl::StrAppend(&json, kChecksum, checksum);
  return json;
}

std::optional<std::uint64_t> ReadSeal(std::string_view line) {
  const absl::string_view text(line.data(), line.size());
  const std::size_t end = text.rfind(kChecksum);
  if (end == absl::string_view::npos) return std::nullopt;
  const absl::string_view sealed = text.substr(0, end);
  const std::size_t number_at = sealed.rfind(kNumber);
  std::uint64_t number = 0;
  const bool is_whole = text.substr(end + kChecksum.size()) == Checksum(sealed) &&
                        number_at != absl::string_view::npos &&
                        absl::SimpleAtoi(sealed.substr(number_at + kNumber.size()), &number);
  return is_whole ? std::optional(number) : std::nullopt;
}

}  // namespace ofsweep
