#include "cli/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

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
  // To the first live line, and clear from there: one write, so that nothing flickers.
  if (!live_.empty()) absl::StrAppend(&text, "\r\x1b[", live_.size(), "A\x1b[J");
  for (const std::string& line : above) absl::StrAppend(&text, line, "\n");
  for (const std::string& line : live) absl::StrAppend(&text, line, "\n");
  live_ = std::move(live);
  out_ << text << std::flush;
}

}  // namespace ofsweep
