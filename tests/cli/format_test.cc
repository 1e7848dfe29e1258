#include "cli/format.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace ofsweep {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Format, NumbersHaveFourSignificantDigitsAndNoExponentInTheUsualRange) {
  EXPECT_EQ(FormatNumber(3.8041), "3.804");
  EXPECT_EQ(FormatNumber(14.4), "14.40");
  EXPECT_EQ(FormatNumber(662.48359), "662.5");
  EXPECT_EQ(FormatNumber(123456), "123456");
  EXPECT_EQ(FormatNumber(0.025), "0.02500");
  EXPECT_EQ(FormatNumber(2.5e-5), "2.5e-05");
  EXPECT_EQ(FormatNumber(0), "0");
}

TEST(Format, NumbersThatAreNotFiniteAreNamedAsInTheTrainersEvents) {
  EXPECT_EQ(FormatNumber(std::nan("")), "NaN");
  EXPECT_EQ(FormatNumber(kInf), "Infinity");
  EXPECT_EQ(CsvNumber(-kInf), "-Infinity");
}

TEST(Format, NumbersForProgramsReadBackToTheSameDouble) {
  EXPECT_EQ(std::stod(CsvNumber(1.0 / 3)), 1.0 / 3);
}

TEST(Format, DurationsNameTheirLargestUnit) {
  EXPECT_EQ(FormatDuration(7.4), "0:07");
  EXPECT_EQ(FormatDuration(751), "12:31");
  EXPECT_EQ(FormatDuration(11109), "3:05:09");
  EXPECT_EQ(FormatDuration(2 * 86400 + 3 * 3600 + 300), "2d 03:05");
}

TEST(Format, ClippingCountsCharactersAndKeepsThemWhole) {
  EXPECT_EQ(Clip("±±±±", 4), "±±±±");
  EXPECT_EQ(Clip("±±±±", 3), "±±…");
  EXPECT_EQ(DisplayWidth(Clip("kurtosis ± 1", 5)), 5u);
}

TEST(Format, ColumnsStandUnderEachOtherWhateverTheirCharacters) {
  EXPECT_EQ(AlignColumns({{"block", "adam"}, {"op", "1.4 ± 0.1"}, {"post_norm", "—"}}),
            "block      adam\n"
            "op         1.4 ± 0.1\n"
            "post_norm  —\n");
}

TEST(Format, CsvFieldsAreQuotedOnlyWhereTheyMustBe) {
  EXPECT_EQ(CsvField("pre_norm"), "pre_norm");
  EXPECT_EQ(CsvField("[a, \"b\"]"), "\"[a, \"\"b\"\"]\"");
}

TEST(Format, HowATerminalPaintsTextHasNoWidth) {
  EXPECT_EQ(DisplayWidth("\x1b[1m14.4\x1b[0m ±"), 6u);
}

}  // namespace
}  // namespace ofsweep
