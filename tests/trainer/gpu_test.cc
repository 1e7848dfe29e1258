// What the trainer computes by its own kernels and other algorithms on a GPU. Skipped where there is none.

#include <dlfcn.h>

#include <gtest/gtest.h>

#include "trainer/cross_entropy_kernel.h"
#include "trainer/linear_relu.h"
#include "trainer/loss.h"
#include "trainer/orthogonal_columns.h"

namespace ofsweep {
namespace {

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr || !at::hasCUDA()) GTEST_SKIP() << "no GPU";
    at::globalContext().lazyInitDevice(at::kCUDA);
    at::manual_seed(3);
  }

  static at::Tensor Random(at::IntArrayRef shape, at::ScalarType dtype = at::kBFloat16) {
    return at::randn(shape, at::TensorOptions(at::kCUDA)).to(dtype);
  }

  static double Largest(const at::Tensor& x) { return x.abs().max().item<double>(); }
};

TEST_F(Gpu, CrossEntropyAndItsGradientAreThoseOfFloat64) {
  for (const std::int64_t vocabulary : {3, 8, 33, 512, 50257, 50304}) {
    SCOPED_TRACE(vocabulary);
    const at::Tensor logits = 8 * Random({70, vocabulary});
    const at::Tensor targets = at::randint(vocabulary, {70}, at::TensorOptions(at::kCUDA).dtype(at::kLong));
    const at::Tensor log_probabilities = at::log_softmax(logits.to(at::kDouble), 1);
    const at::Tensor expected = -log_probabilities.gather(1, targets.unsqueeze(1)).squeeze(1);
    const at::Tensor error = log_probabilities.exp() - at::one_hot(targets, vocabulary);

    ASSERT_TRUE(HasCrossEntropyKernel(logits));
    const at::Tensor untouched = logits.clone();
    EXPECT_LE(Largest(CrossEntropyKernel(logits, targets, false) - expected), 1e-4);
    EXPECT_TRUE(at::equal(logits, untouched));
    EXPECT_LE(Largest(CrossEntropyKernel(logits, targets, true) - expected), 1e-4);
    const at::Tensor apart = (logits - error).abs() - error.abs() / 128;  // bfloat16's rounding
    EXPECT_LE(apart.max().item<double>(), 1e-5);
  }
}

TEST_F(Gpu, CrossEntropyOfARowWithNanIsNan) {
  const at::Tensor logits = Random({2, 64});
  logits[1][40] = std::numeric_limits<double>::quiet_NaN();
  const at::Tensor targets = at::zeros({2}, at::TensorOptions(at::kCUDA).dtype(at::kLong));
  const at::Tensor losses = CrossEntropyKernel(logits, targets, true);
  EXPECT_FALSE(losses[0].isnan().item<bool>());
  EXPECT_TRUE(losses[1].isnan().item<bool>());
}

TEST_F(Gpu, LossAndItsGradientsAreNearThoseOfFloat64) {
  const at::Tensor hidden = Random({300, 64}).requires_grad_(), head = (0.2 * Random({1000, 64})).requires_grad_();
  const at::Tensor targets = at::randint(1000, {300}, at::TensorOptions(at::kCUDA).dtype(at::kLong));
  const at::Tensor loss = LinearCrossEntropy(hidden, head, targets);
  loss.backward();
  const at::Tensor exact_hidden = hidden.detach().to(at::kDouble).requires_grad_();
  const at::Tensor exact_head = head.detach().to(at::kDouble).requires_grad_();
  const at::Tensor exact = at::cross_entropy_loss(at::linear(exact_hidden, exact_head), targets);
  exact.backward();
  EXPECT_NEAR(loss.item<double>(), exact.item<double>(), 2e-3);
  EXPECT_LE(Largest(hidden.grad() - exact_hidden.grad()), 0.02 * Largest(exact_hidden.grad()));
  EXPECT_LE(Largest(head.grad() - exact_head.grad()), 0.02 * Largest(exact_head.grad()));
}

TEST_F(Gpu, LinearReluIsTheProductThenTheReluWithItsGradients) {
  const at::Tensor x = Random({3, 20, 32}, at::kDouble).requires_grad_();
  const at::Tensor weight = Random({48, 32}, at::kDouble).requires_grad_();
  for (const at::Tensor& bias : {at::Tensor(), Random({48}, at::kDouble).requires_grad_()}) {
    std::vector<at::Tensor> inputs = {x, weight};
    if (bias.defined()) inputs.push_back(bias);
    const at::Tensor expected = at::linear(x, weight, bias).relu(), seen = LinearRelu(x, weight, bias);
    EXPECT_LE(Largest(seen - expected), 1e-12);
    const at::Tensor gradient = Random(seen.sizes(), at::kDouble);
    const auto expected_gradients = torch::autograd::grad({expected}, inputs, {gradient});
    const auto seen_gradients = torch::autograd::grad({seen}, inputs, {gradient});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_LE(Largest(seen_gradients[i] - expected_gradients[i]), 1e-12);
    }
  }
}

TEST_F(Gpu, OrthogonalColumnsAreHouseholders) {
  for (const std::int64_t size : {64, 768, 1100}) {
    SCOPED_TRACE(size);
    const at::Tensor gradient = Random({2, size, size}, at::kFloat) / size;
    const at::Tensor gram = at::bmm(gradient, gradient.transpose(1, 2));
    const at::Tensor basis = std::get<1>(at::linalg_eigh(gram)).flip(2);
    const at::Tensor seen = OrthogonalColumns(at::bmm(gram, basis), basis).to(at::kDouble);
    const at::Tensor expected = std::get<0>(at::linalg_qr(at::bmm(gram, basis).to(at::kDouble)));
    EXPECT_LE(Largest((seen * expected).sum(1).abs() - 1), 1e-3);
  }
}

}  // namespace
}  // namespace ofsweep
