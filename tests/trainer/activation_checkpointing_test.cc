// Activation checkpointing changes what is kept, never a number.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/memory_meter.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

// What two micro-batches of a training step leave behind.
struct StepResult {
  std::vector<at::Tensor> losses;
  std::vector<at::Tensor> gradients;
  std::vector<MetricPoint> points;
  at::Tensor generator_state;
};

StepResult RunStep(const Overrides& overrides, at::ScalarType dtype, bool checkpoint) {
  Decoder decoder(ModelShapeOf(TinyTrial(overrides)), 3, dtype, at::kCPU);
  decoder.SetActivationCheckpointing(checkpoint);
  StatisticsTap tap({"all"});
  StepResult result;
  for (std::uint64_t micro = 0; micro < 2; ++micro) {
    const at::Tensor loss =
        decoder.Loss(RandomTokens(decoder.Shape(), 2 * micro), RandomTokens(decoder.Shape(), 2 * micro + 1), &tap) *
        0.5;
    loss.backward();
    result.losses.push_back(loss.detach());
  }
  for (const NamedTensor& parameter : decoder.Parameters()) result.gradients.push_back(parameter.tensor.grad());
  result.points = tap.Finish();
  result.generator_state = decoder.DropoutGenerator().get_state();
  return result;
}

void ExpectSameBits(const StepResult& a, const StepResult& b) {
  for (std::size_t i = 0; i < a.losses.size(); ++i) EXPECT_TRUE(at::equal(a.losses[i], b.losses[i])) << i;
  ASSERT_EQ(a.gradients.size(), b.gradients.size());
  for (std::size_t i = 0; i < a.gradients.size(); ++i) {
    ASSERT_TRUE(b.gradients[i].defined()) << i;
    EXPECT_TRUE(at::equal(a.gradients[i], b.gradients[i])) << i;
  }
  ASSERT_EQ(a.points.size(), b.points.size());
  for (std::size_t i = 0; i < a.points.size(); ++i) {
    EXPECT_EQ(a.points[i].series, b.points[i].series);
    EXPECT_EQ(a.points[i].value, b.points[i].value) << a.points[i].series.metric << " " << a.points[i].series.site;
  }
  EXPECT_TRUE(at::equal(a.generator_state, b.generator_state));
}

TEST(ActivationCheckpointing, ChangesNoBit) {
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    for (const char* positions : {"learned", "rotary"}) {
      for (const char* regulation : {"none", "qk_norm_tanh"}) {
        for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
          SCOPED_TRACE(std::string(block) + " " + positions + " " + regulation + " " + c10::toString(dtype));
          const Overrides overrides = {{"model.block", Text(block)},
                                       {"model.positions", Text(positions)},
                                       {"model.entropy_regulation", Text(regulation)},
                                       {"model.bias", Text("all")},
                                       {"model.residual_scale_trainable", true},
                                       {"model.dropout", 0.3}};
          ExpectSameBits(RunStep(overrides, dtype, false), RunStep(overrides, dtype, true));
        }
      }
    }
  }
}

class CountingTap : public ActivationTap {
 public:
  void OnSite(std::string_view site, std::optional<int> layer, const at::Tensor&) override {
    ++counts[std::string(site) + std::to_string(layer.value_or(-1))];
  }
  std::map<std::string, int> counts;
};

TEST(ActivationCheckpointing, ShowsATapEverySiteOnce) {
  Decoder decoder(ModelShapeOf(TinyTrial({{"model.block", Text("post_norm")}})), 3, at::kFloat, at::kCPU);
  decoder.SetActivationCheckpointing(true);
  CountingTap tap;
  decoder.Loss(RandomTokens(decoder.Shape(), 0), RandomTokens(decoder.Shape(), 1), &tap).backward();
  EXPECT_THAT(tap.counts, testing::UnorderedElementsAre(testing::Pair("embedding-1", 1), testing::Pair("residual0", 1),
                                                        testing::Pair("block0", 1), testing::Pair("residual1", 1),
                                                        testing::Pair("block1", 1)));
}

std::int64_t PeakOfAStep(bool checkpoint) {
  Decoder decoder(ModelShapeOf(TinyTrial({{"model.layers", std::int64_t{12}},
                                          {"model.width", std::int64_t{32}},
                                          {"model.context", std::int64_t{128}}})),
                  3, at::kFloat, at::kCPU);
  decoder.SetActivationCheckpointing(checkpoint);
  const MemoryMeter meter(at::kCPU);
  decoder.Loss(RandomTokens(decoder.Shape(), 0), RandomTokens(decoder.Shape(), 1)).backward();
  return meter.PeakBytes();
}

// Of a dozen layers one is held whole, and of each the input: 1 of about 16 tensors [tokens, width].
TEST(ActivationCheckpointing, HoldsAFractionOfTheMemory) {
  const std::int64_t plain = PeakOfAStep(false), checkpointed = PeakOfAStep(true);
  EXPECT_GT(checkpointed, 0);
  EXPECT_LT(checkpointed, plain / 3);
}

}  // namespace
}  // namespace ofsweep
