#include "experiment/quoted.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace ofsweep {
namespace {

constexpr std::size_t kShownBytes = 200;

void AppendEscaped(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (byte < 0x20 || byte == 0x7F) {
    absl::StrAppendFormat(&out, "\\x%02x", byte);
  } else {
    out += c;
  }
}

std::string Shown(std::string_view text, std::string_view mark) {
  std::string shown(mark);
  for (const char c : Shortened(text, kShownBytes)) AppendEscaped(c, shown);
  shown += mark;
  if (text.size() > kShownBytes) absl::StrAppend(&shown, " (", text.size(), " bytes)");
  return shown;
}

}  // namespace

std::string Shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(std::string(text.substr(0, end)), "…");
}

std::string Printable(std::string_view text) {
  return Shown(text, "");
}

std::string Quoted(std::string_view text) {
  return Shown(text, "\"");
}

std::string FirstOf(const std::vector<std::string>& items, std::size_t most) {
  if (items.size() <= most) return absl::StrJoin(items, ", ");
  return absl::StrCat(absl::StrJoin(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(most), ", "), " and ",
                      items.size() - most, " more");
}

}  // namespace ofsweep
