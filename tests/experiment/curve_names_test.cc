#include "experiment/curve_names.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string WhyNot(const std::vector<std::string>& metrics, const std::vector<std::string>& sites = {}) {
  std::vector<Problem> problems;
  CheckCurveNames(metrics, sites, problems);
  return ToText(problems);
}

TEST(CurveNames, KnownMetricsAndSitesAreAccepted) {
  EXPECT_EQ(WhyNot({"train_loss", "kurtosis", "w8a4_loss"}), "");
  EXPECT_EQ(WhyNot({"train_loss", "kurtosis"}, {"block", "embedding"}), "");
  EXPECT_EQ(WhyNot({"kurtosis", "sink_rate"}, {"attention"}), "");
}

TEST(CurveNames, AMistypedNameIsToldWithTheNearest) {
  EXPECT_THAT(WhyNot({"kurtosi"}), AllOf(HasSubstr("metrics"), HasSubstr("did you mean kurtosis?")));
  EXPECT_THAT(WhyNot({"zzz"}), HasSubstr("ofsweep spec --metrics"));
  EXPECT_THAT(WhyNot({"kurtosis"}, {"blok"}), AllOf(HasSubstr("sites"), HasSubstr("did you mean block?")));
  EXPECT_THAT(WhyNot({"kurtosis"}, {"head"}), HasSubstr("final_norm"));
}

TEST(CurveNames, AColumnOfATableIsToldAsFields) {
  EXPECT_THAT(WhyNot({"kurtosis@block.3"}), HasSubstr("ask for metric kurtosis, site block, layer 3"));
  EXPECT_THAT(WhyNot({"gradient_norm:max"}), HasSubstr("ask for metric gradient_norm"));
  EXPECT_THAT(WhyNot({"kurtosis@blok"}), HasSubstr("ask for metric kurtosis, with site and layer"));
  EXPECT_THAT(WhyNot({"kurtosi@block.3"}), HasSubstr("did you mean kurtosis?"));
}

TEST(CurveNames, AColumnOfResultsHasNoCurve) {
  EXPECT_THAT(WhyNot({"kurtosis_max"}), HasSubstr("those of kurtosis"));
  EXPECT_THAT(WhyNot({"wall_seconds"}), HasSubstr("ofsweep table"));
}

TEST(CurveNames, ASiteWhereNoneOfTheMetricsIsMeasuredIsRefused) {
  EXPECT_THAT(WhyNot({"train_loss"}, {"block"}), HasSubstr("not measured at block"));
  EXPECT_THAT(WhyNot({"sink_rate"}, {"block"}), HasSubstr("not measured at block"));
}

}  // namespace
}  // namespace ofsweep
