#include "cli/plotted_metric.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Label(const std::string& text) {
  const auto metric = ParsePlottedMetric(text);
  return metric.ok() ? AxisLabel(*metric) : std::string(metric.status().message());
}

std::string ResultLabel(const std::string& text) {
  const auto result = ParsePlottedResult(text);
  return result.ok() ? AxisLabel(*result) : std::string(result.status().message());
}

TEST(PlottedMetric, AMetricAloneIsTheLargestOfItsLayers) {
  EXPECT_EQ(*ParsePlottedMetric("kurtosis"), *ParsePlottedMetric("kurtosis@block.max"));
  EXPECT_EQ(*ParsePlottedMetric("kurtosis@block"), *ParsePlottedMetric("kurtosis@block.max"));
  EXPECT_EQ(*ParsePlottedMetric("sink_rate"), *ParsePlottedMetric("sink_rate@attention.max"));
}

TEST(PlottedMetric, LabelsSayPlaceAndUnit) {
  EXPECT_EQ(Label("kurtosis"), "kurtosis, largest block");
  EXPECT_EQ(Label("kurtosis@block.mean"), "kurtosis, mean block");
  EXPECT_EQ(Label("rms@block.3"), "rms, block 3");
  EXPECT_EQ(Label("rms@embedding"), "rms, embedding");
  EXPECT_EQ(Label("train_loss"), "training loss (nats a token)");
  EXPECT_EQ(LayersLabel(*ParsePlottedMetric("attention_entropy")), "attention entropy (nats)");
  EXPECT_EQ(FileWord(*ParsePlottedMetric("kurtosis")), "kurtosis-block-max");
  EXPECT_EQ(FileWord(*ParsePlottedMetric("rms@block.3")), "rms-block-3");
}

TEST(PlottedMetric, UnknownOnesNameTheNearest) {
  EXPECT_THAT(Label("kurtosi"), HasSubstr("did you mean kurtosis?"));
  EXPECT_THAT(Label("kurtosis_max"), HasSubstr("its curves are those of kurtosis"));
  EXPECT_THAT(Label("kurtosis@blok"), AllOf(HasSubstr("--metric"), HasSubstr("did you mean block?")));
  EXPECT_THAT(Label("kurtosis@block.3:max"), HasSubstr("one number a trial"));
}

TEST(PlottedResult, IsAColumnOrAQuotientOfTwo) {
  EXPECT_EQ(ResultLabel("kurtosis_max"), "kurtosis, largest block");
  EXPECT_EQ(ResultLabel("eval_loss"), "validation loss (nats a token)");
  EXPECT_EQ(ResultLabel("w8a4_perplexity/eval_perplexity"), "w8a4 perplexity / validation perplexity");
  EXPECT_TRUE(HasLogAxis(*ParsePlottedResult("kurtosis_max")));
  EXPECT_TRUE(HasLogAxis(*ParsePlottedResult("w8a4_perplexity/eval_loss")));
  EXPECT_FALSE(HasLogAxis(*ParsePlottedResult("eval_loss")));
  EXPECT_FALSE(HasLogAxis(*ParsePlottedResult("w8a4_perplexity_delta"))) << "a difference may be negative";
  EXPECT_THAT(ResultLabel("eval_los"), HasSubstr("did you mean eval_loss?"));
  EXPECT_THAT(ResultLabel("eval_loss/banana"), AllOf(HasSubstr("banana"), HasSubstr("kurtosis_peak")));
}

}  // namespace
}  // namespace ofsweep
