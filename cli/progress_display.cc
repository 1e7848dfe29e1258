#include "cli/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/format.h"

namespace ofsweep {

namespace {

// By the variables that decide the character set, in their order; the locale itself need not be installed here.
bool IsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* locale = std::getenv(name);
    if (locale == nullptr || *locale == '\0') continue;
    const std::string lower = absl::AsciiStrToLower(locale);
    return absl::StrContains(lower, "utf-8") || absl::StrContains(lower, "utf8");
  }
  return false;
}

// Empties the rows of `lines`, which end above the cursor, and moves it to the first of them. A terminal whose window
// got narrower lets lines go on in the next row; the few that cut them instead, as xterm does, lose a row above them
// for each. Row by row: tmux keeps what is erased with the whole screen, and each redrawing would be in its history.
std::string EraseAbove(const std::vector<std::string>& lines, const DisplayStyle& terminal) {
  std::size_t rows = 0;
  for (const std::string& line : lines) {
    rows += std::max<std::size_t>(1, (DisplayWidth(line) + terminal.width - 1) / terminal.width);
  }
  rows = std::min(rows, terminal.height - 1);  // what has scrolled out stays
  if (rows == 0) return "\r";
  const std::string up = absl::StrCat("\r\x1b[", rows, "A");
  std::string text = up;
  for (std::size_t i = 0; i < rows; ++i) absl::StrAppend(&text, "\x1b[2K\n");
  return text + up;
}

}  // namespace

std::optional<DisplayStyle> DetectTerminal(int fd) {
  const char* term = std::getenv("TERM");
  if (isatty(fd) == 0 || term == nullptr || std::string_view(term) == "dumb") return std::nullopt;
  DisplayStyle style;
  winsize size = {};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    style.width = size.ws_col;
    style.height = size.ws_row;
  }
  const char* no_colour = std::getenv("NO_COLOR");
  style.colour = no_colour == nullptr || *no_colour == '\0';
  style.unicode = IsUtf8();
  return style;
}

ProgressDisplay::ProgressDisplay(std::ostream& out, int fd) : out_(out), fd_(fd) {}

ProgressDisplay::~ProgressDisplay() {
  const absl::MutexLock lock(&mutex_);
  Redraw({}, {});
}

void ProgressDisplay::Show(const v1::WatchSweepResponse& message) {
  const absl::MutexLock lock(&mutex_);
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  if (const auto style = DetectTerminal(fd_)) {
    ProgressFrame frame = progress_.Update(message, elapsed, *style);
    Redraw(frame.scrolled, std::move(frame.live));
  } else {
    Redraw(line_progress_.Update(message, elapsed), {});
  }
}

void ProgressDisplay::Print(const std::string& line) {
  const absl::MutexLock lock(&mutex_);
  Redraw({line}, live_);
}

void ProgressDisplay::PrintAway(const std::string& line) {
  const absl::MutexLock lock(&mutex_);
  Redraw({line}, {});
}

void ProgressDisplay::Redraw(const std::vector<std::string>& above, std::vector<std::string> live) {
  std::string text;
  // One write, so that nothing flickers.
  if (!live_.empty()) absl::StrAppend(&text, EraseAbove(live_, DetectTerminal(fd_).value_or(DisplayStyle())));
  for (const std::string& line : above) absl::StrAppend(&text, line, "\n");
  for (const std::string& line : live) absl::StrAppend(&text, line, "\n");
  live_ = std::move(live);
  out_ << text << std::flush;
}

}  // namespace ofsweep
