#include "experiment/terminal_text.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(TerminalText, KeepsTextAndNothingThatRulesATerminal) {
  EXPECT_EQ(TerminalText("caf\xc3\xa9 \xe4\xb8\xad 40 %"), "caf\xc3\xa9 \xe4\xb8\xad 40 %");
  EXPECT_EQ(TerminalText("\x1b[2J\x1b]0;title\x07\x7f\r\n"), "?[2J?]0;title????");
  EXPECT_EQ(TerminalText("\xc2\x9b"
                         "2J \x9b"
                         "2J caf\xe9 \xc2\xa0"),
            "?2J ?2J caf? \xc2\xa0")
      << "CSI in one character, and in one byte";
  EXPECT_EQ(TerminalText("a\tb\r\n\x1b", "\n\t\r"), "a\tb\r\n?");
}

}  // namespace
}  // namespace ofsweep
