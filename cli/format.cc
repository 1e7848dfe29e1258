#include "cli/format.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "experiment/value.h"

namespace ofsweep {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::string NonFinite(double value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

}  // namespace

int DecimalsOf(double value, int significant) {
  if (!std::isfinite(value)) return -1;
  if (value == 0) return 0;
  const double magnitude = std::abs(value);
  if (magnitude < 1e-3 || magnitude >= 1e6) return -1;
  return std::max(0, significant - 1 - static_cast<int>(std::floor(std::log10(magnitude))));
}

std::string FormatNumber(double value, int significant) {
  if (!std::isfinite(value)) return NonFinite(value);
  const int decimals = DecimalsOf(value, significant);
  return decimals >= 0 ? FormatFixed(value, decimals) : absl::StrFormat("%.*g", significant, value);
}

std::string FormatFixed(double value, int decimals) {
  return std::isfinite(value) ? absl::StrFormat("%.*f", decimals, value) : NonFinite(value);
}

std::string FormatTime(std::int64_t seconds) {
  if (seconds == 0) return "–";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixSeconds(seconds), absl::UTCTimeZone());
}

std::string FormatDuration(double seconds) {
  const auto total = std::llround(std::max(0.0, seconds));
  const auto days = total / 86400, hours = total / 3600 % 24, minutes = total / 60 % 60;
  if (days > 0) return absl::StrFormat("%dd %02d:%02d", days, hours, minutes);
  if (hours > 0) return absl::StrFormat("%d:%02d:%02d", hours, minutes, total % 60);
  return absl::StrFormat("%d:%02d", minutes, total % 60);
}

std::size_t DisplayWidth(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = std::min(text.find('m', i), text.size());
    } else if (!IsContinuation(text[i])) {
      ++width;
    }
  }
  return width;
}

std::string Clip(const std::string& text, std::size_t width) {
  if (DisplayWidth(text) <= width) return text;
  if (width == 0) return "";
  std::size_t end = 0;
  for (std::size_t characters = 0; end < text.size(); ++end) {
    if (!IsContinuation(text[end]) && ++characters == width) break;
  }
  return absl::StrCat(text.substr(0, end), "…");
}

std::string PadRight(const std::string& text, std::size_t width) {
  const std::size_t used = DisplayWidth(text);
  return absl::StrCat(text, std::string(used < width ? width - used : 0, ' '));
}

std::string AlignColumns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "" : "  ", PadRight(row[i], widths[i]));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string CsvNumber(double value) {
  return std::isfinite(value) ? ShortestNumber(value) : NonFinite(value);
}

nlohmann::ordered_json JsonNumber(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(NonFinite(value));
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Headline(const std::string& message) {
  const std::string line = message.substr(0, message.find('\n'));
  const std::size_t clause = line.rfind("; ");
  return line.ends_with(':') && clause != std::string::npos ? line.substr(0, clause) : line;
}

}  // namespace ofsweep
