#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// Writes the pieces of a log behind each other, and says where some are missing.
class LogPrinter {
 public:
  // `from_begin`: all of the log is wanted, so that what is missing before the first piece is missing too.
  // `is_terminal`: written as TerminalText, but with the newlines, tabs and carriage returns of progress bars; else
  // byte by byte as it was logged.
  LogPrinter(std::ostream& out, bool from_begin, bool is_terminal)
      : out_(out), is_terminal_(is_terminal), knows_next_(from_begin) {}
  // Writes what is left of a character that never came whole.
  ~LogPrinter();
  LogPrinter(const LogPrinter&) = delete;
  LogPrinter& operator=(const LogPrinter&) = delete;

  void Print(const v1::TailLogResponse& piece);

 private:
  void Write(const std::string& text);
  void WriteForTerminal(std::string_view text);

  std::ostream& out_;
  const bool is_terminal_;
  bool knows_next_;
  std::uint64_t next_ = 0;
  bool ends_line_ = true;
  std::string cut_;  // the beginning of a character, whose rest is in the next piece
};

}  // namespace ofsweep
