// tests/reference/int8: two trained models in full precision and W8A8, by the int8 paper's code.

#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "tests/trainer/tiny_model.h"
#include "trainer/int8_evaluation.h"

namespace ofsweep {
namespace {

class ReferenceInt8 : public testing::TestWithParam<std::string> {
 protected:
  ReferenceInt8()
      : folder_(ReferenceFolder() / "int8"),
        expected_(ReadJson(folder_ / GetParam() / "expected.json")),
        decoder_(Shape(), 0, at::kFloat, at::kCPU) {
    const at::NoGradGuard no_grad;
    const TensorMap weights = ReadTensors(folder_ / GetParam() / "model.safetensors");
    for (const NamedTensor& parameter : decoder_.Parameters()) parameter.tensor.copy_(weights.at(parameter.name));
    decoder_.SetTraining(false);
  }

  ModelShape Shape() const {
    Overrides overrides;
    for (const auto& [key, value] : expected_.at("config").at("model").items()) {
      const TrialKey* row = FindTrialKey("model." + key);
      if (row != nullptr)
        overrides["model." + key] = *ParseValue(*row, value.is_string() ? value.get<std::string>() : value.dump());
    }
    TrialConfig config = TrialConfig::FromOverrides(overrides);
    ResolveAuto(config);
    return ModelShapeOf(config);
  }

  // `rows` windows from window `first` on, and their targets.
  std::pair<at::Tensor, at::Tensor> Windows(const std::string& file, std::int64_t first, std::int64_t rows) const {
    const std::int64_t context = decoder_.Shape().context;
    const at::Tensor tokens = at::tensor(ReadTokens(folder_ / file), at::kLong);
    const auto take = [&](std::int64_t shift) {
      return tokens.narrow(0, first * context + shift, rows * context).view({rows, context});
    };
    return {take(0), take(1)};
  }

  void Calibrate(Int8Model& model) const {
    const auto& calibration = expected_.at("config").at("calibration");
    const std::int64_t rows = calibration.at("batch_size");
    for (std::int64_t batch = 0; batch < calibration.at("batches"); ++batch) {
      model.Calibrate(Windows("train_tokens.bin", batch * rows, rows).first);
    }
  }

  static void CompareWeight(const nlohmann::ordered_json& fields, const nlohmann::json& expected) {
    EXPECT_EQ(fields.at("candidate"), expected.at("candidate"));
    EXPECT_EQ(fields.at("signed"), expected.at("signed"));
    EXPECT_PRED4(Close, fields.at("threshold"), NumberOf(expected.at("threshold")), 1e-6, 0);
    EXPECT_PRED4(Close, fields.at("delta"), NumberOf(expected.at("delta")), 1e-6, 0);
  }

  static void CompareActivation(const nlohmann::ordered_json& fields, const nlohmann::json& expected) {
    const double tolerance = expected.at("range_tolerance");
    const double low = fields.at("low"), high = fields.at("high"), delta = fields.at("delta");
    EXPECT_NEAR(low, NumberOf(expected.at("low")), tolerance);
    EXPECT_NEAR(high, NumberOf(expected.at("high")), tolerance);
    EXPECT_DOUBLE_EQ(delta, (std::max(high, 1e-8) - std::min(low, 0.0)) / 255);
    EXPECT_EQ(fields.at("zero_point"), std::clamp(std::nearbyint(-std::min(low, 0.0) / delta), 0.0, 255.0));
  }

  std::filesystem::path folder_;
  nlohmann::json expected_;
  Decoder decoder_;
};

TEST_P(ReferenceInt8, LossesAgree) {
  const at::NoGradGuard no_grad;
  Int8Model int8(decoder_);
  Calibrate(int8);
  const auto [inputs, targets] =
      Windows("validation_tokens.bin", 0, expected_.at("config").at("evaluation").at("blocks"));
  const auto& tolerance = expected_.at("tolerance");
  EXPECT_NEAR(decoder_.Loss(inputs, targets).item<double>(), NumberOf(expected_.at("full_precision").at("window_loss")),
              NumberOf(tolerance.at("full_precision_loss")));
  EXPECT_NEAR(int8.Loss(inputs, targets).item<double>(), NumberOf(expected_.at("int8").at("window_loss")),
              NumberOf(tolerance.at("int8_loss")));
}

TEST_P(ReferenceInt8, EveryGridAgrees) {
  Int8Model int8(decoder_);
  Calibrate(int8);
  const auto& weights = expected_.at("weights");
  const auto& activations = expected_.at("activations");
  const auto events = int8.Quantizers(200);
  EXPECT_EQ(events.size(), weights.size() + activations.size());
  for (const QuantizerEvent& event : events) {
    const std::string place = event.fields.at("place");
    SCOPED_TRACE(place);
    EXPECT_EQ(event.step, 200);
    if (weights.contains(place)) {
      CompareWeight(event.fields, weights.at(place));
    } else {
      CompareActivation(event.fields, activations.at(place));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, ReferenceInt8, testing::Values("mild", "strong"),
                         [](const auto& info) { return info.param; });

TEST(Int8Model, LeavesTheDecoderAlone) {
  Decoder decoder(ModelShapeOf(TinyTrial()), 3, at::kDouble, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  const at::Tensor before = decoder.Logits(inputs).clone();
  Int8Model int8(decoder);
  int8.Calibrate(inputs);
  int8.Loss(inputs, inputs);
  EXPECT_TRUE(at::equal(decoder.Logits(inputs), before));
}

// Rounding costs a little: every kind of block and every entropy regulation runs and stays near full precision.
TEST(Int8Model, RunsForEveryKindOfModel) {
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    for (const char* regulation : {"none", "qk_norm", "tanh", "qk_norm_tanh"}) {
      SCOPED_TRACE(std::string(block) + " " + regulation);
      Decoder decoder(ModelShapeOf(TinyTrial({{"model.block", std::string(block)},
                                              {"model.entropy_regulation", std::string(regulation)},
                                              {"model.positions", std::string("rotary")},
                                              {"model.residual_scale_trainable", true}})),
                      3, at::kFloat, at::kCPU);
      const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
      const at::Tensor targets = RandomTokens(decoder.Shape(), 2);
      Int8Model int8(decoder);
      EXPECT_THROW(int8.Loss(inputs, targets), std::logic_error);
      int8.Calibrate(inputs);
      const double full = decoder.Loss(inputs, targets).item<double>();
      const double rounded = int8.Loss(inputs, targets).item<double>();
      EXPECT_NE(rounded, full);
      EXPECT_NEAR(rounded, full, 0.1);
    }
  }
}

}  // namespace
}  // namespace ofsweep
