#include "cli/log_printer.h"

#include <string_view>
#include <utility>

#include "experiment/terminal_text.h"
#include "experiment/utf8.h"

namespace ofsweep {

LogPrinter::~LogPrinter() {
  WriteForTerminal(cut_);
}

void LogPrinter::Print(const v1::TailLogResponse& piece) {
  const auto begin = static_cast<std::uint64_t>(piece.begin());
  if (knows_next_ && begin > next_) {
    WriteForTerminal(std::exchange(cut_, ""));
    out_ << (ends_line_ ? "" : "\n") << "… " << begin - next_ << " bytes left out …\n";
  }
  Write(piece.text());
  out_ << std::flush;
  knows_next_ = true;
  next_ = begin + piece.text().size();
  ends_line_ = piece.text().ends_with('\n');
}

void LogPrinter::Write(const std::string& text) {
  if (!is_terminal_) {
    out_ << text;
    return;
  }
  cut_ += text;
  const std::string whole = cut_.substr(0, LengthWithoutCutCharacter(cut_));
  cut_.erase(0, whole.size());
  WriteForTerminal(whole);
}

void LogPrinter::WriteForTerminal(std::string_view text) {
  out_ << TerminalText(text, "\n\t\r");
}

}  // namespace ofsweep
