#include <cmath>

#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/clip.h"
#include "trainer/optimizer.h"
#include "trainer/schedule.h"

namespace ofsweep {
namespace {

// A decoder, its optimizer and a stream of batches.
struct Training {
  explicit Training(const Overrides& overrides, at::ScalarType dtype = at::kFloat)
      : config(TinyTrial(overrides)),
        decoder(ModelShapeOf(config), 5, dtype, at::kCPU),
        optimizer(MakeOptimizer(config, decoder.Parameters())) {}

  void Steps(int from, int to) {
    for (int step = from; step < to; ++step) {
      decoder.ZeroGradients();
      decoder.Loss(RandomTokens(decoder.Shape(), 2UL * step), RandomTokens(decoder.Shape(), 2UL * step + 1)).backward();
      optimizer->Step(1e-2);
    }
  }

  TrialConfig config;
  Decoder decoder;
  std::unique_ptr<Optimizer> optimizer;
};

TensorMap Saved(const Optimizer& optimizer) {
  TensorMap map;
  for (const NamedTensor& piece : optimizer.State()) map[piece.name] = piece.tensor.clone();
  return map;
}

void CopyParameters(const Decoder& from, Decoder& to) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < from.Parameters().size(); ++i) {
    to.Parameters()[i].tensor.copy_(from.Parameters()[i].tensor);
  }
}

void ExpectSameParameters(const Decoder& a, const Decoder& b) {
  for (std::size_t i = 0; i < a.Parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(a.Parameters()[i].tensor, b.Parameters()[i].tensor)) << a.Parameters()[i].name;
  }
}

TEST(OptimizerState, ContinuesBitForBit) {
  for (const char* name : {"adam", "soap"}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16}) {
      for (const int saved_after : {0, 1, 4}) {
        SCOPED_TRACE(std::string(name) + " " + c10::toString(dtype) + " saved after " + std::to_string(saved_after));
        const Overrides overrides = {{"optimizer.name", Text(name)}, {"optimizer.refresh_every", std::int64_t{3}}};
        Training straight(overrides, dtype), resumed(overrides, dtype);
        straight.Steps(0, saved_after);
        const TensorMap state = Saved(*straight.optimizer);
        CopyParameters(straight.decoder, resumed.decoder);
        ASSERT_TRUE(resumed.optimizer->LoadState(state).ok());
        straight.Steps(saved_after, 9);
        resumed.Steps(saved_after, 9);
        ExpectSameParameters(straight.decoder, resumed.decoder);
      }
    }
  }
}

TEST(OptimizerState, NamesWhatIsMissingOrMisshapen) {
  Training training({{"optimizer.name", Text("soap")}});
  TensorMap state = Saved(*training.optimizer);
  state["basis_left.blocks.0.attn.q.weight"] = at::zeros({8, 7});
  EXPECT_NE(training.optimizer->LoadState(state).message().find("basis_left.blocks.0.attn.q.weight"),
            std::string::npos);
  state.erase("exp_avg.blocks.0.mlp.up.weight");
  EXPECT_EQ(training.optimizer->LoadState(state).code(), absl::StatusCode::kInvalidArgument);
}

// Without gradients' influence (β1 = 0 and zero gradients) an update is the decay alone.
TEST(WeightDecay, ActsOnMatricesOnly) {
  for (const char* name : {"adam", "soap"}) {
    Training training({{"optimizer.name", Text(name)},
                       {"optimizer.weight_decay", 0.5},
                       {"model.bias", Text("all")},
                       {"model.residual_scale_trainable", true}});
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> before;
    for (const NamedTensor& parameter : training.decoder.Parameters()) {
      parameter.tensor.fill_(1);
      parameter.tensor.mutable_grad() = at::zeros_like(parameter.tensor);
      before.push_back(parameter.tensor.clone());
    }
    training.optimizer->Step(0.1);  // SOAP's first call changes nothing
    if (std::string(name) == "soap") training.optimizer->Step(0.1);
    for (const NamedTensor& parameter : training.decoder.Parameters()) {
      const double expected = parameter.tensor.dim() >= 2 ? 0.95 : 1.0;
      EXPECT_TRUE(at::allclose(parameter.tensor, at::full_like(parameter.tensor, expected))) << name << parameter.name;
    }
  }
}

// Both variants against the textbook formulas, one scalar at a time.
TEST(Adam, FollowsItsTwoVariants) {
  for (const bool hf : {false, true}) {
    TrialConfig config = TinyTrial({{"optimizer.adam_variant", Text(hf ? "hf" : "torch")},
                                    {"optimizer.epsilon", 1e-2},
                                    {"optimizer.weight_decay", 0.3}});
    at::Tensor weight = at::full({1, 1}, 2.0, at::kDouble).requires_grad_(true);
    const auto optimizer = MakeOptimizer(config, {{"weight", weight}});
    double w = 2, m = 0, v = 0;
    const double rate = 0.05;
    for (int t = 1; t <= 12; ++t) {
      const double g = std::sin(3.0 * t);
      weight.mutable_grad() = at::full({1, 1}, g, at::kDouble);
      optimizer->Step(rate);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const double c1 = 1 - std::pow(0.9, t), c2 = std::sqrt(1 - std::pow(0.999, t));
      if (hf) {
        w -= rate * c2 / c1 * m / (std::sqrt(v) + 1e-2);
        w -= rate * 0.3 * w;
      } else {
        w -= rate * 0.3 * w;
        w -= rate / c1 * m / (std::sqrt(v) / c2 + 1e-2);
      }
      ASSERT_NEAR(weight.item<double>(), w, 1e-12) << "step " << t << (hf ? " hf" : " torch");
    }
  }
}

// bfloat16 alone would round each of these updates away.
TEST(MasterWeights, CollectUpdatesTooSmallForBfloat16) {
  at::Tensor weight = at::full({4, 4}, 1.0, at::kBFloat16).requires_grad_(true);
  const auto optimizer = MakeOptimizer(TinyTrial({{"optimizer.weight_decay", 0.0}}), {{"weight", weight}});
  for (int step = 0; step < 100; ++step) {
    weight.mutable_grad() = at::ones({4, 4});
    optimizer->Step(1e-4);
  }
  EXPECT_NEAR(weight[0][0].item<double>(), 0.99, 0.004);
}

TEST(Soap, CarriesAGradientThatIsNotFiniteIntoTheWeights) {
  at::Tensor weight = at::ones({4, 4}).requires_grad_(true);
  const auto optimizer = MakeOptimizer(TinyTrial({{"optimizer.name", Text("soap")}}), {{"weight", weight}});
  for (int step = 0; step < 2; ++step) {
    weight.mutable_grad() = at::full({4, 4}, std::numeric_limits<double>::infinity());
    optimizer->Step(1e-4);
  }
  EXPECT_TRUE(weight.isnan().any().item<bool>());
}

TEST(Clip, ScalesToTheLimitAndReportsTheNormBefore) {
  std::vector<NamedTensor> parameters = {{"a", at::zeros({2}, at::kDouble)}, {"b", at::zeros({1, 1}, at::kDouble)}};
  parameters[0].tensor.mutable_grad() = at::tensor({3.0, 0.0}, at::kDouble);
  parameters[1].tensor.mutable_grad() = at::full({1, 1}, 4.0, at::kDouble);
  EXPECT_NEAR(ClipGradientNorm(parameters, 0).item<double>(), 5, 1e-12);
  EXPECT_NEAR(ClipGradientNorm(parameters, 10).item<double>(), 5, 1e-12);
  EXPECT_NEAR(ClipGradientNorm(parameters, 1).item<double>(), 5, 1e-12);
  EXPECT_NEAR(parameters[0].tensor.grad()[0].item<double>(), 3 / (5 + 1e-6), 1e-12);
  EXPECT_NEAR(ClipGradientNorm(parameters, 0).item<double>(), 1, 1e-6);
}

double RateAt(const char* kind, double warmup, std::int64_t step) {
  return LearningRate(TinyTrial({{"schedule.kind", Text(kind)},
                                 {"schedule.warmup_fraction", warmup},
                                 {"optimizer.learning_rate", 1.0},
                                 {"train.steps", std::int64_t{10}}}),
                      step);
}

TEST(Schedule, WarmsUpThenDecays) {
  EXPECT_DOUBLE_EQ(RateAt("linear", 0.2, 0), 0.5);
  EXPECT_DOUBLE_EQ(RateAt("linear", 0.2, 1), 1);
  EXPECT_DOUBLE_EQ(RateAt("linear", 0.2, 2), 1);
  EXPECT_DOUBLE_EQ(RateAt("linear", 0.2, 9), 0.125);
  EXPECT_DOUBLE_EQ(RateAt("linear", 0, 0), 1);
  EXPECT_DOUBLE_EQ(RateAt("constant", 0.2, 9), 1);
  EXPECT_DOUBLE_EQ(RateAt("cosine", 0.2, 6), 0.5);
  EXPECT_DOUBLE_EQ(RateAt("linear", 1, 9), 1);
}

}  // namespace
}  // namespace ofsweep
