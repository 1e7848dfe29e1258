#include "experiment/quoted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(Quoted, LeavesOrdinaryTextAsItIs) {
  EXPECT_EQ(Quoted("fast"), "\"fast\"");
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Printable("größe ≥ 1"), "größe ≥ 1");
}

TEST(Quoted, EscapesWhatRulesATerminal) {
  EXPECT_EQ(Quoted("a\x1b[31mb\r\n\t\x7f"), "\"a\\x1b[31mb\\x0d\\n\\t\\x7f\"");
}

TEST(Quoted, CutsWhatNobodyReadsAndSaysHowLongItIs) {
  const std::string quoted = Quoted(std::string(1'000'000, 'x'));
  EXPECT_LT(quoted.size(), 300u);
  EXPECT_THAT(quoted, EndsWith("x…\" (1000000 bytes)"));
  // Behind a whole character: "ü" has two bytes.
  EXPECT_EQ(Shortened("aüb", 2), "a…");
  EXPECT_EQ(Shortened("aüb", 3), "aü…");
}

TEST(Quoted, ALongListIsCounted) {
  EXPECT_EQ(FirstOf({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(FirstOf({"a", "b", "c", "d"}, 2), "a, b and 2 more");
}

TEST(Quoted, AMistakeInASweepFileIsALineThatCanBeRead) {
  const std::string huge(1 << 20, 'x');
  for (const std::string& yaml :
       {"name: s\ntrial: {train.steps: " + huge + "}\n", "name: s\ntrial: {" + huge + ": 1}\n", "name: " + huge + "\n",
        huge + ": 1\n", "name: s\ntrial: {train.steps: [" + huge + "]}\n",
        "name: s\ntrial: {evaluate.bits: [" + huge + "]}\n"}) {
    std::vector<Problem> problems;
    ParseSweepSpec(yaml, "s.yaml", problems);
    ASSERT_FALSE(problems.empty());
    for (const Problem& problem : problems) EXPECT_LT(ToText(problem).size(), 700u) << yaml.substr(0, 40);
  }
  std::vector<Problem> problems;
  ParseSweepSpec("name: s\ntrial: {\"train.steps\": \"\\e[2J\", \"bad\\ekey\": 1}\n", "s.yaml", problems);
  EXPECT_THAT(ToText(problems), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ofsweep
