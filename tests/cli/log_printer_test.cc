#include "cli/log_printer.h"

#include <sstream>

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

// The pieces begin at these bytes of the log.
std::string Printed(bool is_terminal, const std::vector<std::pair<double, std::string>>& pieces) {
  std::ostringstream out;
  {
    LogPrinter printer(out, true, is_terminal);
    for (const auto& [begin, text] : pieces) {
      v1::TailLogResponse piece;
      piece.set_begin(begin);
      piece.set_text(text);
      printer.Print(piece);
    }
  }
  return out.str();
}

TEST(LogPrinter, NothingInALogRulesATerminal) {
  const std::string log = "\x1b[2J\x1b]0;title\x07 10 %\r20 %\tcaf\xc3\xa9\xff\n";
  EXPECT_EQ(Printed(true, {{0, log}}), "?[2J?]0;title? 10 %\r20 %\tcaf\xc3\xa9?\n");
  EXPECT_EQ(Printed(false, {{0, log}}), log);
}

TEST(LogPrinter, ACharacterMayComeInTwoPieces) {
  EXPECT_EQ(Printed(true, {{0, "a\xe4\xb8"},
                           {3,
                            "\xad"
                            "b\xe4"},
                           {5, "\xb8"}}),
            "a\xe4\xb8\xad"
            "b??");
  EXPECT_EQ(Printed(true, {{0, "a\xe4"}, {9, "b\n"}}), "a?\n… 7 bytes left out …\nb\n");
}

}  // namespace
}  // namespace ofsweep
