#include "experiment/metric_table.h"

#include <gmock/gmock.h>

#include "experiment/metric_column.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricTable, ARoundingIsFoundByTheNameOfItsPoints) {
  ASSERT_NE(FindMetric("w8a4_loss"), nullptr);
  EXPECT_EQ(FindMetric("w8a4_loss")->name, "{bits}_loss");
  EXPECT_EQ(FindMetric("eval_loss")->name, "eval_loss");
  EXPECT_EQ(FindMetric("w99a4_loss"), nullptr);
  EXPECT_EQ(FindMetric("other_loss"), nullptr);
  EXPECT_EQ(SplitOf(*FindMetric("int8_loss"), "int8_loss"), "validation_int8");
  EXPECT_EQ(SplitOf(*FindMetric("train_loss"), "train_loss"), "train");
}

TEST(MetricTable, EveryColumnOfResultsIsOfAKnownMetric) {
  for (const ResultNumber& number : kResultNumbers) {
    EXPECT_EQ(number.metric.empty(), number.of == ResultOf::kTrial) << number.name;
    if (number.metric.empty()) continue;
    EXPECT_NE(FindMetric(number.metric), nullptr) << number.name;
  }
}

TEST(MetricTable, ANumberOfATableSaysWhichValuesAreBetter) {
  EXPECT_EQ(BetterOf("eval_loss"), Better::kLower);
  EXPECT_EQ(BetterOf("kurtosis_max"), Better::kLower);
  EXPECT_EQ(BetterOf("w8a4_perplexity_delta"), Better::kLower);
  EXPECT_EQ(BetterOf("kurtosis@block.max:max"), Better::kLower);
  EXPECT_EQ(BetterOf("tokens_per_second"), Better::kHigher);
  EXPECT_EQ(BetterOf("w6a6_loss"), Better::kLower);
  EXPECT_EQ(BetterOf("wall_seconds"), Better::kNeither);
  EXPECT_EQ(BetterOf("nothing"), Better::kNeither);
}

TEST(MetricColumn, IsReadAsAUserWritesIt) {
  using Column = MetricColumn;
  EXPECT_EQ(*ParseMetricColumn("gradient_norm:max"),
            (Column{.metric = "gradient_norm", .over_steps = Column::OverSteps::kMax}));
  EXPECT_EQ(*ParseMetricColumn("kurtosis@block.3"), (Column{.metric = "kurtosis", .site = "block", .layer = 3}));
  EXPECT_EQ(*ParseMetricColumn("kurtosis@embedding:last"), (Column{.metric = "kurtosis", .site = "embedding"}));
  EXPECT_EQ(*ParseMetricColumn("sink_rate@attention.mean:max"), (Column{.metric = "sink_rate",
                                                                        .site = "attention",
                                                                        .over_layers = Column::OverLayers::kMean,
                                                                        .over_steps = Column::OverSteps::kMax}));
  EXPECT_EQ(*ParseMetricColumn("w6a6_loss"), (Column{.metric = "w6a6_loss"}));
}

TEST(MetricColumn, SaysWhatToWriteInstead) {
  const auto why = [](const char* text) { return std::string(ParseMetricColumn(text).status().message()); };
  EXPECT_THAT(why("kurtosis_mx"), HasSubstr("did you mean kurtosis_max?"));
  EXPECT_THAT(why("kurtosis_max:max"), AllOf(HasSubstr("takes no :max"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(why("wall_seconds:last"), HasSubstr("takes no :last"));
  EXPECT_THAT(why("kurtosis_max@block.0:max"), HasSubstr("takes no @block.0:max"));
  EXPECT_THAT(why("zzz"), HasSubstr("ofsweep spec --metrics"));
  EXPECT_THAT(why("kurtosis"), HasSubstr("kurtosis@block.0 (.1"));
  EXPECT_THAT(why("kurtosis@block"), HasSubstr("kurtosis@block.0 (.1"));
  EXPECT_THAT(why("kurtosis@blok.0"), HasSubstr("there is no site \"blok\"; did you mean block?"));
  EXPECT_THAT(why("kurtosis@nowhere.0"), HasSubstr("kurtosis@embedding"));
  EXPECT_THAT(why("sink_rate@block.0"), HasSubstr("sink_rate@attention.0"));
  EXPECT_THAT(why("train_loss@block.0"), HasSubstr("without @block.0"));
  EXPECT_THAT(why("rms@block.x"), HasSubstr("layer \"x\""));
  EXPECT_THAT(why("rms@block.0:mean"), HasSubstr(":max"));
}

}  // namespace
}  // namespace ofsweep
