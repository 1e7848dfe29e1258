#include "experiment/model_size.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TrialConfig Preset(const std::string& name, std::int64_t vocabulary) {
  TrialConfig config = TrialConfig::FromOverrides({{"model.preset", name}, {"model.vocabulary", vocabulary}});
  ResolveAuto(config);
  return config;
}

// That the count is the decoder's is shown in tests/trainer/memory_test.cc.
TEST(ModelSize, PresetsHaveTheirParameters) {
  EXPECT_EQ(ParameterCount(Preset("nano", 2048)), 2'178'432);
  EXPECT_EQ(ParameterCount(Preset("codeparrot-130m", 50'000)), 123'470'592);
  EXPECT_EQ(ParameterCount(Preset("opt-125m", 50'272)), 124'058'112);
  EXPECT_EQ(ParameterCount(Preset("languini-100m", 16'384)), 98'032'128);
  EXPECT_EQ(ParameterCount(Preset("languini-320m", 16'384)), 319'612'928);
  EXPECT_EQ(ParameterCount(Preset("languini-1.2b", 16'384)), 1'243'205'632);
  EXPECT_EQ(ParameterCount(Preset("7b", 50'257)), 6'658'404'352);
}

TEST(ModelSize, CountsByHandForOneBlock) {
  TrialConfig config = TrialConfig::FromOverrides({{"model.layers", std::int64_t{1}},
                                                   {"model.width", std::int64_t{8}},
                                                   {"model.heads", std::int64_t{2}},
                                                   {"model.context", std::int64_t{6}},
                                                   {"model.vocabulary", std::int64_t{11}}});
  ResolveAuto(config);
  // Embeddings, q k v out, up and down, three LayerNorms.
  EXPECT_EQ(ParameterCount(config), 11 * 8 + 6 * 8 + 4 * 64 + 2 * 8 * 32 + 3 * 2 * 8);
}

TEST(ModelSize, FlopsAreSixAParameterAndTwelveForEachPairInAttention) {
  const TrialConfig config = Preset("codeparrot-130m", 50'000);
  EXPECT_EQ(FlopsPerToken(config), 6.0 * 123'470'592 + 12.0 * 12 * 768 * 128);
}

TEST(ModelSize, TokensAreStepsTimesTokensOfABatch) {
  TrialConfig config = Preset("opt-125m", 50'272);
  config.Set("train.steps", std::int64_t{125'000});
  config.Set("train.batch_size", std::int64_t{192});
  EXPECT_EQ(TrainingTokens(config), 12'288'000'000);
}

}  // namespace
}  // namespace ofsweep
