// The nine trials of tests/reference/training, by an in-process loop: forward, backward, clip, update.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "trainer/clip.h"
#include "trainer/decoder.h"
#include "trainer/optimizer.h"
#include "trainer/schedule.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

class ReferenceTraining : public testing::TestWithParam<std::string> {
 protected:
  ReferenceTraining()
      : folder_(ReferenceFolder() / "training" / GetParam()),
        config_(ReadTrial(folder_ / "trial.json")),
        expected_(ReadJson(folder_ / "expected.json")),
        tokens_(ReadTokens(folder_ / "../tokens.bin")) {}

  // Trains the case and compares every step: the losses to `loss_tolerance`, gradient norms and statistics to
  // `tolerance`.
  void Train(at::ScalarType dtype, double loss_tolerance, double tolerance) {
    Decoder decoder(ModelShapeOf(config_), 0, dtype, at::kCPU);
    Load(decoder, ReadTensors(folder_ / "init.safetensors"));
    const auto optimizer = MakeOptimizer(config_, decoder.Parameters());
    for (std::int64_t step = 0; step < config_.Integer("train.steps"); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      const auto& expected = expected_.at("steps").at(step);
      StatisticsTap tap(config_.List("measure.metrics"));
      const auto [inputs, targets] = Batch(step);
      decoder.ZeroGradients();
      const at::Tensor loss = decoder.Loss(inputs, targets, &tap);
      loss.backward();
      const double norm = ClipGradientNorm(decoder.Parameters(), config_.Number("train.clip_norm")).item<double>();
      const double learning_rate = LearningRate(config_, step);
      optimizer->Step(learning_rate);

      EXPECT_PRED4(Close, loss.item<double>(), NumberOf(expected.at("train_loss")), loss_tolerance, 0);
      EXPECT_PRED4(Close, norm, NumberOf(expected.at("gradient_norm")), tolerance, 0);
      EXPECT_PRED4(Close, learning_rate, NumberOf(expected.at("learning_rate")), 1e-14, 0);
      CompareSites(tap.Finish(), expected.at("sites"), tolerance);
    }
    final_ = decoder.Parameters();
  }

  void CompareSites(std::vector<MetricPoint> points, const nlohmann::json& sites, double tolerance) {
    std::erase_if(points,
                  [](const MetricPoint& point) { return point.series.site == "residual"; });  // not recorded there
    const auto& metrics = config_.List("measure.metrics");
    ASSERT_EQ(points.size(), sites.size() * metrics.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto& site = sites.at(i / metrics.size());
      const Series& series = points[i].series;
      SCOPED_TRACE(series.site + " " + series.metric);
      EXPECT_EQ(series.site, site.at("site").get<std::string>());
      EXPECT_EQ(series.layer, site.at("layer").is_null() ? std::nullopt : std::optional<int>(site.at("layer")));
      EXPECT_PRED4(Close, points[i].value, NumberOf(site.at(series.metric)), tolerance, 0);
    }
  }

  static void Load(Decoder& decoder, const TensorMap& weights) {
    const at::NoGradGuard no_grad;
    ASSERT_EQ(decoder.Parameters().size(), weights.size());
    for (const NamedTensor& parameter : decoder.Parameters()) parameter.tensor.copy_(weights.at(parameter.name));
  }

  // Sequential order: row r of step k is window (k·B + r) mod W.
  std::pair<at::Tensor, at::Tensor> Batch(std::int64_t step) const {
    const std::int64_t context = config_.Integer("model.context");
    const std::int64_t rows = config_.Integer("train.batch_size");
    const std::int64_t windows = (static_cast<std::int64_t>(tokens_.size()) - 1) / context;
    std::vector<std::int64_t> inputs, targets;
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto begin = tokens_.begin() + (step * rows + row) % windows * context;
      inputs.insert(inputs.end(), begin, begin + context);
      targets.insert(targets.end(), begin + 1, begin + context + 1);
    }
    return {at::tensor(inputs, at::kLong).view({rows, context}), at::tensor(targets, at::kLong).view({rows, context})};
  }

  std::filesystem::path folder_;
  TrialConfig config_;
  nlohmann::json expected_;
  std::vector<std::int64_t> tokens_;
  std::vector<NamedTensor> final_;
};

TEST_P(ReferenceTraining, AgreesAtEveryStepInFloat64) {
  Train(at::kDouble, 1e-6, 1e-6);
  for (const auto& [name, expected] : ReadTensors(folder_ / "final.safetensors")) {
    const auto parameter =
        std::find_if(final_.begin(), final_.end(), [&, &name = name](const auto& p) { return p.name == name; });
    ASSERT_NE(parameter, final_.end()) << name;
    EXPECT_LT((parameter->tensor - expected).abs().max().item<double>(), 1e-6 * expected.abs().max().item<double>())
        << name;
  }
}

// SOAP normalises whatever lies along an eigenvector to full size. Where a gradient is nearly rank-deficient that is
// float32's rounding noise: the losses agree all the same, single statistics only to a few per cent.
TEST_P(ReferenceTraining, AgreesAtEveryStepInFloat32) {
  const bool soap = config_.Text("optimizer.name") == "soap";
  Train(at::kFloat, 2e-4, soap ? 3e-2 : 2e-4);
}

INSTANTIATE_TEST_SUITE_P(Cases, ReferenceTraining,
                         testing::Values("pre_norm-adam", "pre_norm-soap", "post_norm-adam", "post_norm-soap",
                                         "op-adam", "op-soap", "op-tanh-adam", "pre_norm-rms-gelu-untied",
                                         "pre_norm-srms-qk"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ofsweep
