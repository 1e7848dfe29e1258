// When and how SOAP refreshes its eigenbases.

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/optimizer.h"
#include "trainer/refresh_phases.h"
#include "trainer/symmetric_product.h"

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
    decoder.Loss(RandomTokens(decoder.Shape(), 2UL * step), RandomTokens(decoder.Shape(), 2UL * step + 1)).backward();
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
      decoder.Loss(RandomTokens(decoder.Shape(), 2UL * step), RandomTokens(decoder.Shape(), 2UL * step + 1)).backward();
      optimizer->Step(1e-2);
    }
    std::vector<at::Tensor> weights;
    for (const NamedTensor& parameter : decoder.Parameters()) weights.push_back(parameter.tensor.detach().flatten());
    return at::cat(weights);
  };
  const at::Tensor straight = train(-1);
  for (const int saved_after : {1, 4, 5, 6}) EXPECT_TRUE(at::equal(train(saved_after), straight)) << saved_after;
}

// Larger than the strips in which a CPU computes it.
TEST(SymmetricProduct, IsTheProductOnceItIsCompleted) {
  for (const std::int64_t n : {5, 700}) {
    const at::Tensor x = at::randn({2, n, 30}, at::kDouble);
    const at::Tensor start = at::bmm(x, x.transpose(1, 2)) / 7;
    const at::Tensor gram = start.clone();
    AddSymmetricProduct(gram, x, 0.9, 0.1);
    CompleteSymmetric(gram);
    const at::Tensor expected = 0.9 * start + 0.1 * at::bmm(x, x.transpose(1, 2));
    EXPECT_LT((gram - expected).abs().max().item<double>(), 1e-12) << n;
    AddSymmetricProduct(gram, x.transpose(1, 2).contiguous().transpose(1, 2), 1, 0);
    CompleteSymmetric(gram);
    EXPECT_LT((gram - expected).abs().max().item<double>(), 1e-12) << n;
  }
}

// The checkpoint holds whole Gram matrices whenever it is written.
TEST(SymmetricProduct, LeavesNoGramMatrixHalfWritten) {
  at::Tensor weight = at::zeros({520, 3}, at::kDouble).requires_grad_(true);
  const auto optimizer = MakeOptimizer(TinyTrial({{"optimizer.name", Text("soap")}}), {{"weight", weight}});
  for (int step = 0; step < 3; ++step) {
    weight.mutable_grad() = at::randn({520, 3}, at::kDouble);
    optimizer->Step(1e-3);
    for (const NamedTensor& piece : optimizer->State()) {
      if (!piece.name.starts_with("gram")) continue;
      EXPECT_LT((piece.tensor - piece.tensor.t()).abs().max().item<double>(), 1e-12) << piece.name << step;
    }
  }
}

}  // namespace
}  // namespace ofsweep
