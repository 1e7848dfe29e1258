#include "coordinator/log_line.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(LogLine, TheNewestWholeLineCountsWithoutItsTimeAndLevel) {
  EXPECT_EQ(NewestLine("2026-11-28T16:00:00.123 info one\n2026-11-28T16:00:01.123 info two of 2\n2026-11-28T1"),
            "two of 2");
  EXPECT_EQ(NewestLine("[W1128] a library warns\n"), "[W1128] a library warns");
  EXPECT_EQ(NewestLine("not ended"), "");
  EXPECT_EQ(NewestLine(""), "");
}

TEST(LogLine, NothingInItRulesATerminal) {
  EXPECT_EQ(NewestLine("2026-11-28T16:00:00.123 info \x1b[2Jgone\r\xff\n"), "?[2Jgone??");
  EXPECT_EQ(NewestLine("caf\xc3\xa9 \xc2\x9b\n"), "caf\xc3\xa9 ?");
  EXPECT_LE(NewestLine(std::string(100'000, 'x') + "\n").size(), 210u);
}

}  // namespace
}  // namespace ofsweep
