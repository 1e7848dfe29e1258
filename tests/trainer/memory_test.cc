// What experiment/model_size.h and memory_estimate.h say beside what the decoder and its training really hold.

#include <gmock/gmock.h>

#include "experiment/memory_estimate.h"
#include "experiment/model_size.h"
#include "tests/trainer/tiny_model.h"
#include "trainer/clip.h"
#include "trainer/memory_meter.h"
#include "trainer/optimizer.h"
#include "trainer/quantised_model.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

Value Integer(std::int64_t value) {
  return value;
}

std::vector<Overrides> EveryOption() {
  return {{},
          {{"model.block", Text("post_norm")}},
          {{"model.block", Text("op")}},
          {{"model.block", Text("op")}, {"model.entropy_regulation", Text("none")}},
          {{"model.block", Text("op")}, {"model.entropy_regulation", Text("qk_norm_tanh")}},
          {{"model.norm", Text("rms_norm")}},
          {{"model.norm", Text("srms_norm")}},
          {{"model.norm", Text("srms_norm")}, {"model.final_norm", Text("layer_norm")}},
          {{"model.final_norm", Text("none")}},
          {{"model.embedding_norm", Text("layer_norm")}},
          {{"model.embedding_norm", Text("rms_norm")}},
          {{"model.entropy_regulation", Text("qk_norm")}},
          {{"model.entropy_regulation", Text("tanh")}},
          {{"model.bias", Text("qk")}},
          {{"model.bias", Text("all")}},
          {{"model.tie_embeddings", false}},
          {{"model.positions", Text("rotary")}},
          {{"model.positions", Text("none")}},
          {{"model.residual_scale_trainable", true}},
          {{"model.activation", Text("gelu")}},
          {{"model.dropout", 0.1}},
          {{"model.ffn_width", Integer(20)}, {"model.bias", Text("all")}}};
}

std::string Describe(const Overrides& overrides) {
  std::string text;
  for (const auto& [key, value] : overrides) text += key + "=" + ToText(value) + " ";
  return text;
}

TEST(ParameterCount, IsTheDecodersForEveryOption) {
  for (const Overrides& overrides : EveryOption()) {
    const TrialConfig config = TinyTrial(overrides);
    const Decoder decoder(ModelShapeOf(config), 0, at::kFloat, at::kCPU);
    EXPECT_EQ(ParameterCount(config), decoder.ParameterCount()) << Describe(overrides);
  }
}

TEST(ParameterCount, IsTheDecodersForNano) {
  TrialConfig config = TrialConfig::FromOverrides({{"model.vocabulary", Integer(2048)}});
  ResolveAuto(config);
  EXPECT_EQ(ParameterCount(config), Decoder(ModelShapeOf(config), 0, at::kFloat, at::kCPU).ParameterCount());
}

TEST(MemoryMeter, CountsWhatTensorsHoldAtOnce) {
  MemoryMeter meter(at::kCPU);
  {
    const at::Tensor kept = at::empty({1000}, at::kFloat);
    for (int i = 0; i < 3; ++i) at::empty({500}, at::kFloat);
    EXPECT_EQ(meter.PeakBytes(), 6000);
  }
  meter.ResetPeak();
  EXPECT_EQ(meter.PeakBytes(), 0);
  const at::Tensor later = at::empty({8}, at::kDouble);
  EXPECT_EQ(meter.PeakBytes(), 64);
}

at::ScalarType PrecisionOf(const TrialConfig& config) {
  const std::string& name = config.Text("train.precision");
  return name == "fp64" ? at::kDouble : name == "bf16" ? at::kBFloat16 : at::kFloat;
}

// The peak of two training steps: SOAP's first learns its bases, its second renews them.
double MeasuredPeak(const TrialConfig& config) {
  MemoryMeter meter(at::kCPU);
  Decoder decoder(ModelShapeOf(config), 0, PrecisionOf(config), at::kCPU);
  decoder.SetActivationCheckpointing(config.Boolean("train.activation_checkpointing"));
  const std::unique_ptr<Optimizer> optimizer = MakeOptimizer(config, decoder.Parameters());
  const std::int64_t batch_size = config.Integer("train.batch_size");
  const std::int64_t rows = config.Integer("train.micro_batch_size");
  const auto tokens = [&] {
    return at::randint(decoder.Shape().vocabulary, {rows, decoder.Shape().context}, at::kLong);
  };
  meter.ResetPeak();
  for (int step = 0; step < 2; ++step) {
    decoder.ZeroGradients();
    for (std::int64_t row = 0; row < batch_size; row += rows) decoder.Loss(tokens(), tokens()).backward();
    ClipGradientNorm(decoder.Parameters(), 1);
    optimizer->Step(1e-4);
  }
  return static_cast<double>(meter.PeakBytes());
}

TrialConfig Trial(Overrides overrides) {
  Overrides all = {{"model.vocabulary", Integer(2048)},
                   {"train.precision", Text("fp32")},
                   {"train.batch_size", Integer(16)},
                   {"train.micro_batch_size", Integer(16)},
                   {"optimizer.refresh_every", Integer(1)}};
  for (auto& [key, value] : overrides) all.insert_or_assign(key, value);
  TrialConfig config = TrialConfig::FromOverrides(all);
  ResolveAuto(config);
  return config;
}

void ExpectWithinTenPercent(const Overrides& overrides) {
  const TrialConfig config = Trial(overrides);
  const MemoryEstimate estimate = EstimateMemory(config, config.Integer("train.micro_batch_size"));
  const double measured = MeasuredPeak(config);
  EXPECT_NEAR(estimate.step / measured, 1, 0.1)
      << Describe(overrides) << ": estimated " << estimate.step << ", measured " << measured;
}

// Ten million parameters.
Overrides TenMillion(Overrides more = {}) {
  Overrides all = {{"model.layers", Integer(5)},          {"model.width", Integer(384)},
                   {"model.heads", Integer(6)},           {"model.context", Integer(128)},
                   {"model.vocabulary", Integer(4096)},   {"train.batch_size", Integer(8)},
                   {"train.micro_batch_size", Integer(8)}};
  for (auto& [key, value] : more) all.insert_or_assign(key, value);
  return all;
}

TEST(MemoryEstimate, OfNanoIsWithinTenPercent) {
  ExpectWithinTenPercent({});
  ExpectWithinTenPercent({{"optimizer.name", Text("soap")}, {"model.vocabulary", Integer(512)}});
  ExpectWithinTenPercent({{"optimizer.name", Text("soap")}, {"optimizer.max_preconditioner_dim", Integer(256)}});
  ExpectWithinTenPercent({{"train.micro_batch_size", Integer(4)}});
  ExpectWithinTenPercent({{"train.batch_size", Integer(2)}, {"train.micro_batch_size", Integer(2)}});
  ExpectWithinTenPercent({{"train.precision", Text("fp64")}});
}

TEST(MemoryEstimate, OfTenMillionParametersIsWithinTenPercent) {
  ExpectWithinTenPercent(TenMillion());
  ExpectWithinTenPercent(TenMillion({{"train.micro_batch_size", Integer(2)}}));
  ExpectWithinTenPercent(TenMillion({{"train.batch_size", Integer(1)}, {"train.micro_batch_size", Integer(1)}}));
  ExpectWithinTenPercent(
      TenMillion({{"optimizer.name", Text("soap")}, {"optimizer.max_preconditioner_dim", Integer(512)}}));
  ExpectWithinTenPercent(TenMillion({{"optimizer.name", Text("soap")},
                                     {"optimizer.max_preconditioner_dim", Integer(512)},
                                     {"train.micro_batch_size", Integer(2)}}));
}

// Few parameters and many tokens: this memory is activations.
TEST(MemoryEstimate, OfEveryOptionIsWithinTenPercent) {
  for (Overrides overrides : EveryOption()) {
    overrides.insert({{"model.layers", Integer(2)},
                      {"model.width", Integer(96)},
                      {"model.heads", Integer(3)},
                      {"model.vocabulary", Integer(128)}});
    overrides.erase("model.ffn_width");
    ExpectWithinTenPercent(overrides);
  }
}

TEST(MemoryEstimate, OfActivationCheckpointingIsWithinTenPercent) {
  ExpectWithinTenPercent({{"train.activation_checkpointing", true}});
  for (const char* block : {"post_norm", "op"}) {
    ExpectWithinTenPercent({{"train.activation_checkpointing", true},
                            {"model.block", Text(block)},
                            {"model.layers", Integer(10)},
                            {"model.width", Integer(96)},
                            {"model.heads", Integer(3)},
                            {"model.vocabulary", Integer(128)}});
  }
}

TEST(MemoryEstimate, OfBf16IsWithinTenPercent) {
  ExpectWithinTenPercent(
      {{"train.precision", Text("bf16")}, {"train.batch_size", Integer(4)}, {"train.micro_batch_size", Integer(2)}});
}

// What one evaluation holds, the trained model and its optimiser left out.
double MeasuredEvaluation(const TrialConfig& config) {
  Decoder decoder(ModelShapeOf(config), 0, PrecisionOf(config), at::kCPU);
  MemoryMeter meter(at::kCPU);
  QuantisedModel model(decoder);
  model.SetBits({});
  const auto tokens = [&](std::int64_t rows) {
    return at::randint(decoder.Shape().vocabulary, {rows, decoder.Shape().context}, at::kLong);
  };
  model.Calibrate(tokens(config.Integer("evaluate.int8_calibration_batch_size")));
  const std::int64_t rows = EvaluatedAtOnce(config, config.Integer("train.micro_batch_size"));
  model.Loss(tokens(rows), tokens(rows));
  return static_cast<double>(meter.PeakBytes());
}

void ExpectEvaluationWithinAFifth(const Overrides& overrides) {
  const TrialConfig config = Trial(overrides);
  const double estimated = EstimateMemory(config, config.Integer("train.micro_batch_size")).evaluation;
  EXPECT_NEAR(estimated / MeasuredEvaluation(config), 1.1, 0.1) << Describe(overrides) << ": estimated " << estimated;
}

TEST(MemoryEstimate, OfAnEvaluationIsNeverTooLittleAndAtMostAFifthTooMuch) {
  ExpectEvaluationWithinAFifth({});
  ExpectEvaluationWithinAFifth(TenMillion());
  ExpectEvaluationWithinAFifth({{"model.tie_embeddings", false}});
  ExpectEvaluationWithinAFifth({{"model.vocabulary", Integer(16384)}, {"model.layers", Integer(1)}});
  // Attention maps are most of it.
  ExpectEvaluationWithinAFifth({{"model.context", Integer(512)}, {"model.layers", Integer(1)}});
  ExpectEvaluationWithinAFifth({{"train.precision", Text("bf16")}, {"train.batch_size", Integer(4)}});
}

TEST(MemoryEstimate, AnEvaluationBuildsNoMoreMapsThanItHasRoomFor) {
  const TrialConfig config = Trial({{"model.context", Integer(4096)}, {"train.batch_size", Integer(64)}});
  EXPECT_EQ(EvaluatedAtOnce(config, 64), 2);  // 6 heads × 4096² elements a sequence, of 2²⁸
  EXPECT_EQ(EvaluatedAtOnce(Trial({}), 16), 16);
}

// The peak of the forward pass that measures, of its batch and of what it keeps.
TEST(MemoryEstimate, OfMeasuringHoldsWhatTheMetricsKeep) {
  for (const char* metric : {"massive_activations", "feature_corr_rms", "attention_entropy"}) {
    const TrialConfig config = Trial({{"measure.metrics", std::vector<std::string>{metric}},
                                      {"train.micro_batch_size", Integer(2)},
                                      {"model.context", Integer(128)}});
    const double plain =
        EstimateMemory(Trial({{"train.micro_batch_size", Integer(2)}, {"model.context", Integer(128)}}), 2).peak;
    MemoryMeter meter(at::kCPU);
    Decoder decoder(ModelShapeOf(config), 0, at::kFloat, at::kCPU);
    const std::unique_ptr<Optimizer> optimizer = MakeOptimizer(config, decoder.Parameters());
    StatisticsTap tap(config.List("measure.metrics"));
    for (int part = 0; part < 8; ++part) {
      const at::Tensor tokens = at::randint(2048, {2, 128}, at::kLong);
      decoder.Loss(tokens, tokens, &tap).backward();
    }
    const double estimated = EstimateMemory(config, 2).peak;
    EXPECT_GE(estimated, plain) << metric;
    EXPECT_NEAR(estimated / static_cast<double>(meter.PeakBytes()), 1.05, 0.15) << metric << " " << estimated;
  }
}

}  // namespace
}  // namespace ofsweep
