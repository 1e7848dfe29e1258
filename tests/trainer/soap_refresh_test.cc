// When and how SOAP refreshes its eigenbases.

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/optimizer.h"
#include "trainer/orthonormal_basis.h"
#include "trainer/refresh_phases.h"
#include "trainer/soap.h"

namespace ofsweep {
namespace {

using testing::Each;
using testing::ElementsAre;

TEST(SpreadPhases, GivesNoStepMoreThanItsShareAndOneMatrix) {
  const std::vector<double> costs = {1, 1, 1, 1, 1, 1, 1, 1, 30, 2, 2, 2, 2, 2, 2, 2, 2};
  const std::vector<std::int64_t> phases = SpreadPhases(costs, 10);
  EXPECT_TRUE(std::is_sorted(phases.begin(), phases.end()));
  std::vector<double> load(10);
  for (std::size_t i = 0; i < costs.size(); ++i) load.at(phases[i]) += costs[i];
  const double share = std::accumulate(costs.begin(), costs.end(), 0.0) / 10;
  EXPECT_LE(*std::max_element(load.begin(), load.end()), 30 + share);
  EXPECT_GE(std::count_if(load.begin(), load.end(), [](double x) { return x > 0; }), 5);
  EXPECT_THAT(SpreadPhases({3, 3, 3, 3, 3}, 5), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(SpreadPhases(costs, 1), Each(0));
  EXPECT_THAT(SpreadPhases({0, 0}, 4), Each(0));
}

Value Text(std::string_view text) {
  return std::string(text);
}

struct Basis {
  double cost = 0;         // of a refresh
  std::vector<int> steps;  // of 1…16, at which it changed
};

// The eigenbases of a tiny model.
std::map<std::string, Basis> Refreshes(bool stagger) {
  const TrialConfig config = TinyTrial(
      {{"optimizer.name", Text("soap")}, {"optimizer.refresh_every", std::int64_t{4}}, {"optimizer.stagger", stagger}});
  Decoder decoder(ModelShapeOf(config), 5, at::kFloat, at::kCPU);
  const auto optimizer = MakeOptimizer(config, decoder.Parameters());
  std::map<std::string, Basis> bases;
  TensorMap before;
  for (int step = 0; step <= 16; ++step) {
    decoder.ZeroGradients();
    decoder.Loss(RandomTokens(decoder.Shape(), 2 * step), RandomTokens(decoder.Shape(), 2 * step + 1)).backward();
    optimizer->Step(1e-3);
    for (const NamedTensor& piece : optimizer->State()) {
      if (!piece.name.starts_with("basis")) continue;
      if (step > 0 && !at::equal(before[piece.name], piece.tensor)) bases[piece.name].steps.push_back(step);
      bases[piece.name].cost = std::pow(piece.tensor.size(0), 3);
      before[piece.name] = piece.tensor.clone();
    }
  }
  EXPECT_EQ(bases.size(), before.size());
  return bases;
}

TEST(SoapStagger, OffRefreshesEveryBasisTogether) {
  for (const auto& [name, basis] : Refreshes(false)) EXPECT_THAT(basis.steps, ElementsAre(4, 8, 12, 16)) << name;
}

TEST(SoapStagger, OnRefreshesEveryBasisOncePerPeriodAndSpreadsThem) {
  std::map<int, double> cost_at_phase;
  double total = 0;
  for (const auto& [name, basis] : Refreshes(true)) {
    const int first = basis.steps.front();
    EXPECT_THAT(basis.steps, ElementsAre(first, first + 4, first + 8, first + 12)) << name;
    cost_at_phase[first % 4] += basis.cost;
    total += basis.cost;
  }
  for (const auto& [phase, cost] : cost_at_phase) EXPECT_LT(cost, 0.3 * total) << phase;
}

// Training loss of a tiny model after 150 steps on one batch.
double FinalLoss(bool stagger) {
  const TrialConfig config = TinyTrial({{"optimizer.name", Text("soap")}, {"optimizer.stagger", stagger}});
  Decoder decoder(ModelShapeOf(config), 5, at::kFloat, at::kCPU);
  const auto optimizer = MakeOptimizer(config, decoder.Parameters());
  at::Tensor loss;
  for (int step = 0; step < 150; ++step) {
    decoder.ZeroGradients();
    loss = decoder.Loss(RandomTokens(decoder.Shape(), 1), RandomTokens(decoder.Shape(), 2));
    loss.backward();
    optimizer->Step(3e-3);
  }
  return loss.item<double>();
}

TEST(SoapStagger, LearnsAsWell) {
  const double together = FinalLoss(false);
  EXPECT_LT(together, 0.5);
  EXPECT_NEAR(FinalLoss(true), together, 0.3 * together);
}

// Resuming between two refreshes of different matrices: the schedule depends on the step alone.
TEST(SoapStagger, ContinuesBitForBit) {
  const auto train = [](int saved_after) {
    const TrialConfig config = TinyTrial(
        {{"optimizer.name", Text("soap")}, {"optimizer.refresh_every", std::int64_t{3}}, {"optimizer.stagger", true}});
    Decoder decoder(ModelShapeOf(config), 5, at::kFloat, at::kCPU);
    auto optimizer = MakeOptimizer(config, decoder.Parameters());
    for (int step = 0; step < 9; ++step) {
      if (step == saved_after) {
        TensorMap state;
        for (const NamedTensor& piece : optimizer->State()) state[piece.name] = piece.tensor.clone();
        optimizer = MakeOptimizer(config, decoder.Parameters());
        EXPECT_TRUE(optimizer->LoadState(state).ok());
      }
      decoder.ZeroGradients();
      decoder.Loss(RandomTokens(decoder.Shape(), 2 * step), RandomTokens(decoder.Shape(), 2 * step + 1)).backward();
      optimizer->Step(1e-2);
    }
    std::vector<at::Tensor> weights;
    for (const NamedTensor& parameter : decoder.Parameters()) weights.push_back(parameter.tensor.detach().flatten());
    return at::cat(weights);
  };
  const at::Tensor straight = train(-1);
  for (const int saved_after : {1, 4, 5, 6}) EXPECT_TRUE(at::equal(train(saved_after), straight)) << saved_after;
}

at::Tensor RandomMatrices(std::int64_t batch, std::int64_t n, at::ScalarType dtype) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(n);
  return at::randn({batch, n, n}, generator, dtype);
}

void ExpectOrthonormal(const at::Tensor& q, double tolerance) {
  const at::Tensor identity = at::eye(q.size(2), q.options());
  EXPECT_LT((at::bmm(q.transpose(1, 2), q) - identity).abs().max().item<double>(), tolerance);
}

TEST(OrthonormalBasis, IsThatOfHouseholderUpToSigns) {
  for (const std::int64_t n : {7, 600}) {
    // As in a refresh: Gram matrices times bases near their eigenvectors.
    const at::Tensor q = std::get<0>(at::linalg_qr(RandomMatrices(2, n, at::kFloat)));
    const at::Tensor gram = at::bmm(q * at::logspace(0, -2, n).to(at::kFloat), q.transpose(1, 2));
    const at::Tensor near = std::get<0>(at::linalg_qr(q + 1e-2 / std::sqrt(n) * RandomMatrices(2, n, at::kFloat)));
    const at::Tensor power = at::bmm(gram, near);
    const at::Tensor basis = OrthonormalBasis(power.clone());
    ExpectOrthonormal(basis, 1e-5);
    const at::Tensor exact = std::get<0>(at::linalg_qr(power.to(at::kDouble)));
    const at::Tensor same = at::bmm(exact.transpose(1, 2), basis.to(at::kDouble)).abs();
    EXPECT_LT((same - at::eye(n)).abs().max().item<double>(), 1e-3) << n;
  }
}

// Dependent columns, one that is zero, and a matrix that is well: only the first two need Householder's reflections.
TEST(OrthonormalBasis, IsOrthonormalWhereCholeskyFails) {
  at::Tensor a = RandomMatrices(3, 40, at::kFloat);
  a[0].select(1, 7).copy_(a[0].select(1, 3));
  a[1].select(1, 5).zero_();
  ExpectOrthonormal(OrthonormalBasis(a), 3e-5);
}

}  // namespace
}  // namespace ofsweep
