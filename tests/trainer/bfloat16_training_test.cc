// Training in bfloat16 follows float32, because its optimisers work on float32 master weights.

#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/clip.h"
#include "trainer/optimizer.h"

namespace ofsweep {
namespace {

constexpr int kSteps = 80;

// Losses of training on one batch. `forget_masters` rounds the master weights to bfloat16 after every step, as if there
// were none.
std::vector<double> Losses(const char* optimizer_name, at::ScalarType dtype, double learning_rate,
                           bool forget_masters = false) {
  const TrialConfig config = TinyTrial({{"optimizer.name", Text(optimizer_name)}});
  Decoder decoder(ModelShapeOf(config), 5, dtype, at::kCPU);
  const auto optimizer = MakeOptimizer(config, decoder.Parameters());
  std::vector<double> losses;
  for (int step = 0; step < kSteps; ++step) {
    decoder.ZeroGradients();
    const at::Tensor loss = decoder.Loss(RandomTokens(decoder.Shape(), 1), RandomTokens(decoder.Shape(), 2));
    loss.backward();
    optimizer->Step(learning_rate);
    losses.push_back(loss.item<double>());
    for (NamedTensor& piece : optimizer->State()) {
      if (forget_masters && piece.name.starts_with("master.")) piece.tensor.copy_(piece.tensor.to(at::kBFloat16));
    }
  }
  return losses;
}

TEST(Bfloat16Training, StaysNearFloat32) {
  for (const char* optimizer : {"adam", "soap"}) {
    const std::vector<double> wide = Losses(optimizer, at::kFloat, 3e-3);
    const std::vector<double> narrow = Losses(optimizer, at::kBFloat16, 3e-3);
    EXPECT_LT(wide.back(), 0.8 * wide.front()) << optimizer;
    // Of what there is to learn: processors with bfloat16 instructions of their own round otherwise, and one batch is
    // learnt by heart, so that a share of the loss itself would shrink below that.
    for (int step = 0; step < kSteps; ++step) {
      EXPECT_NEAR(narrow[step], wide[step], 0.02 * wide.front()) << optimizer << " step " << step;
    }
  }
}

// Updates of 1e-4 are less than half the distance between bfloat16 neighbours for weights over 0.05.
TEST(Bfloat16Training, LearnsFromUpdatesThatBfloat16WouldLose) {
  const auto learnt = [](const std::vector<double>& losses) { return losses.front() - losses.back(); };
  const double wide = learnt(Losses("adam", at::kFloat, 1e-4));
  EXPECT_NEAR(learnt(Losses("adam", at::kBFloat16, 1e-4)), wide, 0.2 * wide);
  EXPECT_LT(learnt(Losses("adam", at::kBFloat16, 1e-4, /*forget_masters=*/true)), 0.5 * wide);
}

std::vector<at::Tensor> Gradients(const Decoder& decoder) {
  std::vector<at::Tensor> gradients;
  for (const NamedTensor& parameter : decoder.Parameters()) gradients.push_back(parameter.tensor.grad().clone());
  return gradients;
}

TEST(Bfloat16Training, GradientsOfManyMicroBatchesAddUpWithoutRounding) {
  for (const bool checkpointing : {false, true}) {
    Decoder decoder(ModelShapeOf(TinyTrial()), 5, at::kBFloat16, at::kCPU);
    decoder.SetActivationCheckpointing(checkpointing);
    std::vector<at::Tensor> sums;
    for (int micro_batch = 0; micro_batch < 32; ++micro_batch) {
      decoder.ZeroGradients();
      const at::Tensor tokens = RandomTokens(decoder.Shape(), micro_batch);
      decoder.Loss(tokens, tokens).backward();
      const std::vector<at::Tensor> gradients = Gradients(decoder);
      if (sums.empty()) {
        sums = gradients;
      } else {
        at::_foreach_add_(sums, gradients);
      }
    }
    decoder.ZeroGradients();
    for (int micro_batch = 0; micro_batch < 32; ++micro_batch) {
      const at::Tensor tokens = RandomTokens(decoder.Shape(), micro_batch);
      decoder.Loss(tokens, tokens).backward();
    }
    const std::vector<at::Tensor> accumulated = Gradients(decoder);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      EXPECT_EQ(accumulated[i].scalar_type(), at::kFloat);
      EXPECT_TRUE(at::equal(accumulated[i], sums[i])) << decoder.Parameters()[i].name;
    }
  }
}

TEST(Bfloat16Training, ClippingScalesAllGradientsByOneUnroundedFactor) {
  Decoder decoder(ModelShapeOf(TinyTrial()), 5, at::kBFloat16, at::kCPU);
  const at::Tensor tokens = RandomTokens(decoder.Shape(), 1);
  decoder.Loss(tokens, tokens).backward();
  const std::vector<at::Tensor> before = Gradients(decoder);
  const at::Tensor norm = ClipGradientNorm(decoder.Parameters(), 0.1);
  ASSERT_GT(norm.item<double>(), 0.1);
  const std::vector<at::Tensor> after = Gradients(decoder);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(at::allclose(after[i], before[i] * (0.1 / norm), 1e-5, 0)) << decoder.Parameters()[i].name;
  }
}

}  // namespace
}  // namespace ofsweep
