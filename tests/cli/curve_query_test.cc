#include "cli/curve_query.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string WhyNot(const CurveQueryNames& query) {
  return std::string(CheckCurveQuery(query).message());
}

TEST(CurveQuery, KnownMetricsAndSitesAreAccepted) {
  EXPECT_EQ(WhyNot({.metrics = {"train_loss", "kurtosis", "w8a4_loss"}}), "");
  EXPECT_EQ(WhyNot({.metrics = {"train_loss", "kurtosis"}, .sites = {"block", "embedding"}, .layers = {0}}), "");
  EXPECT_EQ(WhyNot({.metrics = {"kurtosis", "sink_rate"}, .sites = {"attention"}}), "");
}

TEST(CurveQuery, AMistypedNameIsToldWithTheNearest) {
  EXPECT_THAT(WhyNot({.metrics = {"kurtosi"}}), AllOf(HasSubstr("--metric"), HasSubstr("did you mean kurtosis?")));
  EXPECT_THAT(WhyNot({.metrics = {"zzz"}}), HasSubstr("ofsweep spec --metrics"));
  EXPECT_THAT(WhyNot({.metrics = {"kurtosis"}, .sites = {"blok"}}),
              AllOf(HasSubstr("--site"), HasSubstr("did you mean block?")));
  EXPECT_THAT(WhyNot({.metrics = {"kurtosis"}, .sites = {"head"}}), HasSubstr("final_norm"));
  EXPECT_EQ(CheckCurveQuery({.metrics = {"kurtosi"}}).code(), absl::StatusCode::kInvalidArgument);
}

TEST(CurveQuery, AColumnOfATableIsToldAsOptions) {
  EXPECT_THAT(WhyNot({.metrics = {"kurtosis@block.3"}}), HasSubstr("write --metric kurtosis --site block --layer 3"));
  EXPECT_THAT(WhyNot({.metrics = {"gradient_norm:max"}}), HasSubstr("write --metric gradient_norm"));
  EXPECT_THAT(WhyNot({.metrics = {"kurtosis@blok"}}), HasSubstr("--site"));
  EXPECT_THAT(WhyNot({.metrics = {"kurtosi@block.3"}}), HasSubstr("did you mean kurtosis?"));
}

TEST(CurveQuery, AColumnOfResultsHasNoCurve) {
  EXPECT_THAT(WhyNot({.metrics = {"kurtosis_max"}}), HasSubstr("those of kurtosis"));
  EXPECT_THAT(WhyNot({.metrics = {"wall_seconds"}}), HasSubstr("ofsweep table"));
}

TEST(CurveQuery, ASiteWhereNoneOfTheMetricsIsMeasuredIsRefused) {
  EXPECT_THAT(WhyNot({.metrics = {"train_loss"}, .sites = {"block"}}), HasSubstr("not measured at block"));
  EXPECT_THAT(WhyNot({.metrics = {"sink_rate"}, .sites = {"block"}}), HasSubstr("not measured at block"));
}

TEST(UnansweredNames, AreThoseThatNoCurveHad) {
  UnansweredNames names({.metrics = {"kurtosis", "mmr"}, .sites = {"block"}, .layers = {0, 9}});
  v1::Curve curve;
  curve.set_metric("kurtosis");
  curve.set_site("block");
  curve.set_layer(0);
  names.Note(curve);
  EXPECT_EQ(names.Text(), "metric mmr, layer 9");
  curve.set_metric("mmr");
  curve.set_layer(9);
  names.Note(curve);
  EXPECT_EQ(names.Text(), "");
}

}  // namespace
}  // namespace ofsweep
