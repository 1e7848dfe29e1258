#include "coordinator/log_line.h"

#include "experiment/quoted.h"
#include "experiment/terminal_text.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMostBytes = 200;

// "2026-11-28T16:00:00.000 info MESSAGE", as trainer/log.cc writes it; other libraries' lines have no such beginning.
std::string_view MessageOf(std::string_view line) {
  constexpr std::size_t kTimeBytes = 23;
  const bool has_time = line.size() > kTimeBytes && line[10] == 'T' && line[kTimeBytes] == ' ';
  const std::size_t level_end = has_time ? line.find(' ', kTimeBytes + 1) : std::string_view::npos;
  return level_end == std::string_view::npos ? line : line.substr(level_end + 1);
}

}  // namespace

std::string NewestLine(std::string_view log) {
  const std::size_t end = log.rfind('\n');
  if (end == std::string_view::npos) return "";
  log = log.substr(0, end);
  if (const std::size_t before = log.rfind('\n'); before != std::string_view::npos) log.remove_prefix(before + 1);
  return Shortened(TerminalText(MessageOf(log)), kMostBytes);
}

}  // namespace ofsweep
