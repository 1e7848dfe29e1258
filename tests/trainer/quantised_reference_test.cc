// tests/reference/int8: two trained models in full precision and W8A8, by the int8 paper's code.

#include <functional>

#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "trainer/quantised_model.h"

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

  // Calls `after_batch` with the number of each batch.
  void Calibrate(
      QuantisedModel& model, const std::function<void(std::int64_t)>& after_batch = [](std::int64_t) {}) const {
    const auto& calibration = expected_.at("config").at("calibration");
    const std::int64_t rows = calibration.at("batch_size");
    for (std::int64_t batch = 0; batch < calibration.at("batches"); ++batch) {
      model.Calibrate(Windows("train_tokens.bin", batch * rows, rows).first);
      after_batch(batch);
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

// The source predicts the T − 1 tokens inside each block, TRIAL.md's windows have T targets. A causal model's
// predictions do not depend on the input that is left out.
TEST_P(ReferenceInt8, LossesAgree) {
  const at::NoGradGuard no_grad;
  QuantisedModel int8(decoder_);
  int8.SetBits({});
  Calibrate(int8);
  const auto [inputs, targets] =
      Windows("validation_tokens.bin", 0, expected_.at("config").at("evaluation").at("blocks"));
  const std::int64_t inside = decoder_.Shape().context - 1;
  const double full_tolerance = expected_.at("tolerance").at("full_precision_loss");
  const double int8_tolerance = expected_.at("tolerance").at("int8_loss");
  const auto expect_losses = [&](const at::Tensor& x, const at::Tensor& y, const char* name) {
    EXPECT_NEAR(decoder_.Loss(x, y).item<double>(), NumberOf(expected_.at("full_precision").at(name)), full_tolerance);
    EXPECT_NEAR(int8.Loss(x, y).item<double>(), NumberOf(expected_.at("int8").at(name)), int8_tolerance);
  };
  expect_losses(inputs, targets, "window_loss");
  expect_losses(inputs.narrow(1, 0, inside), inputs.narrow(1, 1, inside), "loss");
}

TEST_P(ReferenceInt8, EveryRangeAgreesAfterEveryBatch) {
  QuantisedModel int8(decoder_);
  int8.SetBits({});
  Calibrate(int8, [&](std::int64_t batch) {
    SCOPED_TRACE(batch);
    std::size_t activations = 0;
    for (const QuantizerEvent& event : int8.Quantizers(0)) {
      const std::string place = event.fields.at("place");
      if (!expected_.at("activations").contains(place)) continue;
      const auto& expected = expected_.at("activations").at(place);
      const auto& range = expected.at("range_after_batch").at(batch);
      EXPECT_NEAR(event.fields.at("low"), NumberOf(range.at(0)), NumberOf(expected.at("range_tolerance"))) << place;
      EXPECT_NEAR(event.fields.at("high"), NumberOf(range.at(1)), NumberOf(expected.at("range_tolerance"))) << place;
      ++activations;
    }
    EXPECT_EQ(activations, expected_.at("activations").size());
  });
}

TEST_P(ReferenceInt8, EveryGridAgrees) {
  QuantisedModel int8(decoder_);
  int8.SetBits({});
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

}  // namespace
}  // namespace ofsweep
