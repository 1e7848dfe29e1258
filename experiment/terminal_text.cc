#include "experiment/terminal_text.h"

#include "experiment/utf8.h"

namespace ofsweep {
namespace {

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;  // U+0080 to U+009F
}

}  // namespace

std::string TerminalText(std::string_view text, std::string_view kept) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const bool is_kept = kept.find(character) != std::string_view::npos;
    shown += is_kept || (length > 0 && !IsControl(character)) ? character : "?";
    text.remove_prefix(character.size());
  }
  return shown;
}

}  // namespace ofsweep
