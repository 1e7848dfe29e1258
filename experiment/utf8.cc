#include "experiment/utf8.h"

#include <cstdint>

namespace ofsweep {
namespace {

// The length of the character that `lead` begins, and what its second byte may be. Length 0: no character begins so.
struct LeadByte {
  std::size_t length;
  std::uint8_t second_low;
  std::uint8_t second_high;
};

LeadByte Classify(std::uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

std::size_t Utf8CharacterLength(std::string_view text) {
  if (text.empty()) return 0;
  const LeadByte lead = Classify(static_cast<std::uint8_t>(text[0]));
  if (text.size() < lead.length) return 0;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t low = i == 1 ? lead.second_low : 0x80;
    const std::uint8_t high = i == 1 ? lead.second_high : 0xBF;
    if (byte < low || byte > high) return 0;
  }
  return lead.length;
}

std::size_t Utf8Length(std::string_view text) {
  std::size_t at = 0;
  while (const std::size_t length = Utf8CharacterLength(text.substr(at))) at += length;
  return at;
}

bool IsUtf8(std::string_view text) {
  return Utf8Length(text) == text.size();
}

std::size_t LengthWithoutCutCharacter(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (byte >= 0x80 && byte <= 0xBF) continue;  // the lead stands before it
    return Classify(byte).length > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace ofsweep
