#include "experiment/memory_advice.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr double kGigabyte = 1e9;

TrialConfig Trial(const Overrides& overrides) {
  Overrides all = {{"model.vocabulary", std::int64_t{50'257}}, {"train.precision", std::string("bf16")}};
  for (const auto& [key, value] : overrides) all.insert_or_assign(key, value);
  TrialConfig config = TrialConfig::FromOverrides(all);
  ResolveAuto(config);
  return config;
}

TEST(MemoryAdvice, SaysBytesWithThreeDigits) {
  EXPECT_EQ(Gigabytes(106.53e9), "107 GB");
  EXPECT_EQ(Gigabytes(13.3e9), "13.3 GB");
  EXPECT_EQ(Gigabytes(4.0e9), "4 GB");
  EXPECT_EQ(Gigabytes(31.2e6), "31.2 MB");
  EXPECT_EQ(Gigabytes(1.25e12), "1.25 TB");
}

TEST(MemoryAdvice, ASmallerMicroBatchIsTheFirstAdvice) {
  const TrialConfig config =
      Trial({{"model.preset", std::string("opt-125m")}, {"train.batch_size", std::int64_t{192}}});
  const std::string advice = HowToNeedLess(config, 8 * kGigabyte);
  const std::int64_t rows = *LargestMicroBatch(config, 8 * kGigabyte);
  EXPECT_THAT(advice, HasSubstr("train.micro_batch_size: " + std::to_string(rows)));
  EXPECT_LE(EstimateMemory(config, rows).peak, 8 * kGigabyte);
  EXPECT_THAT(advice, Not(HasSubstr("model.layers")));
}

TEST(MemoryAdvice, WhereOneSequenceIsTooMuchActivationCheckpointingIsNext) {
  const TrialConfig config = Trial({{"model.preset", std::string("opt-125m")},
                                    {"model.context", std::int64_t{65536}},
                                    {"train.batch_size", std::int64_t{1}}});
  EXPECT_THAT(HowToNeedLess(config, 12 * kGigabyte), HasSubstr("train.activation_checkpointing: true"));
}

TEST(MemoryAdvice, WhereOnlyTheEvaluationIsTooMuchItIsLeftOut) {
  TrialConfig config = Trial(
      {{"model.preset", std::string("opt-125m")}, {"train.batch_size", std::int64_t{1}}, {"evaluate.int8", true}});
  const double with = EstimateMemory(config, 1).peak;
  config.Set("evaluate.int8", false);
  const double without = EstimateMemory(config, 1).peak;
  EXPECT_LT(without, 0.9 * with);
  config.Set("evaluate.int8", true);
  EXPECT_THAT(HowToNeedLess(config, 0.95 * with), HasSubstr("set evaluate.int8: false and train.micro_batch_size: 1"));
}

TEST(MemoryAdvice, WhatIsOffAlreadyIsNoAdvice) {
  const TrialConfig config = Trial({{"model.preset", std::string("opt-125m")},
                                    {"train.batch_size", std::int64_t{1}},
                                    {"evaluate.int8", false},
                                    {"evaluate.bits", std::vector<std::string>{"w8a4"}}});
  const std::string advice = HowToNeedLess(config, 0.95 * EstimateMemory(config, 1).peak);
  EXPECT_THAT(advice, HasSubstr("set evaluate.bits: [] and train.micro_batch_size: 1"));
  EXPECT_THAT(advice, Not(HasSubstr("evaluate.int8")));
}

TEST(MemoryAdvice, SaysEveryPartThatThePeakMayBeMadeOf) {
  const TrialConfig plain = Trial({{"model.preset", std::string("opt-125m")}, {"evaluate.int8", false}});
  EXPECT_THAT(MemoryByPart(EstimateMemory(plain, 1)), Not(HasSubstr("quantised")));
  const TrialConfig config = Trial({{"model.preset", std::string("opt-125m")},
                                    {"optimizer.name", std::string("soap")},
                                    {"measure.metrics", std::vector<std::string>{"all"}}});
  const MemoryEstimate memory = EstimateMemory(config, 1);
  const std::string text = MemoryByPart(memory);
  EXPECT_THAT(text, StartsWith(Gigabytes(memory.peak) + " " + std::string(memory.peak_when) + " ("));
  for (const MemoryPart& part : kMemoryParts) {
    EXPECT_THAT(text, HasSubstr(std::string(part.name) + " " + Gigabytes(memory.*part.bytes)));
  }
}

TEST(MemoryAdvice, WhereOneSequenceIsTooMuchTheModelOrTheOptimiserMustShrink) {
  TrialConfig config = Trial({{"model.preset", std::string("languini-1.2b")},
                              {"optimizer.name", std::string("soap")},
                              {"evaluate.int8", false}});
  EXPECT_EQ(LargestMicroBatch(config, 30 * kGigabyte), std::nullopt);
  const std::string advice = HowToNeedLess(config, 30 * kGigabyte);
  EXPECT_THAT(advice, HasSubstr("optimizer.name: adam"));
  const std::size_t at = advice.find("model.layers: ");
  ASSERT_NE(at, std::string::npos);
  config.Set("model.layers", std::int64_t{std::stol(advice.substr(at + 14))});
  EXPECT_LE(EstimateMemory(config, 1).peak, 30 * kGigabyte);
}

TEST(MemoryAdvice, WhereNotEvenOneLayerFitsTheWidthMustShrink) {
  EXPECT_THAT(HowToNeedLess(Trial({{"model.preset", std::string("7b")}}), 1 * kGigabyte), HasSubstr("model.width"));
}

TEST(MemoryEstimate, AdamInBf16HoldsEighteenBytesAParameterBesidesActivations) {
  const TrialConfig config = Trial({{"model.preset", std::string("7b")}});
  const MemoryEstimate memory = EstimateMemory(config, 1);
  EXPECT_DOUBLE_EQ(memory.weights + memory.gradients + memory.optimizer, 18.0 * 6'658'404'352);
}

TEST(FittingMicroBatch, IsTheLargestDivisorThatLeavesATenth) {
  const TrialConfig config =
      Trial({{"train.batch_size", std::int64_t{24}}, {"train.device", std::string("cpu")}, {"evaluate.int8", false}});
  EXPECT_EQ(FittingMicroBatch(config, 1e15), 24);
  EXPECT_EQ(FittingMicroBatch(config, 1e3), 1);
  const double eight = EstimateMemory(config, 8).peak;
  EXPECT_EQ(FittingMicroBatch(config, eight / 0.89), 8);
  EXPECT_EQ(FittingMicroBatch(config, eight / 0.91), 6);
}

TEST(FittingMicroBatch, LeavesAFifthOfAGpu) {
  const TrialConfig config = Trial(
      {{"train.batch_size", std::int64_t{24}}, {"train.device", std::string("cuda:0")}, {"evaluate.int8", false}});
  const double eight = EstimateMemory(config, 8).peak;
  EXPECT_EQ(FittingMicroBatch(config, eight / 0.79), 8);
  EXPECT_EQ(FittingMicroBatch(config, eight / 0.81), 6);
}

TEST(MemoryEstimate, MoreSequencesAtOnceNeedMoreAndNeverLess) {
  const TrialConfig config = Trial({{"train.batch_size", std::int64_t{64}}});
  double before = 0;
  for (const std::int64_t rows : {1, 2, 4, 8, 16, 32}) {
    const double peak = EstimateMemory(config, rows).peak;
    EXPECT_GE(peak, before);
    before = peak;
  }
}

}  // namespace
}  // namespace ofsweep
