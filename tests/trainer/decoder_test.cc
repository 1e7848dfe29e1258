#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/attention.h"
#include "trainer/decoder.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;

TensorMap ByName(const Decoder& decoder) {
  TensorMap map;
  for (const NamedTensor& parameter : decoder.Parameters()) map[parameter.name] = parameter.tensor.detach();
  return map;
}

TensorMap InitialWeights(std::uint64_t seed, const Overrides& overrides) {
  return ByName(Decoder(ModelShapeOf(TinyTrial(overrides)), seed, at::kFloat, at::kCPU));
}

TEST(InitialWeights, DependOnSeedAndNameAlone) {
  const TensorMap reference = InitialWeights(7, {});
  const TensorMap other = InitialWeights(7, {{"model.block", Text("op")},
                                             {"model.vocabulary", std::int64_t{20}},
                                             {"model.layers", std::int64_t{3}},
                                             {"model.bias", Text("all")},
                                             {"model.tie_embeddings", false}});
  for (const auto& [name, weight] : reference) {
    if (!other.contains(name)) continue;
    const at::Tensor same_rows = other.at(name).narrow(0, 0, weight.size(0));
    EXPECT_TRUE(at::equal(weight, same_rows)) << name;
  }
  const TensorMap reseeded = InitialWeights(8, {});
  EXPECT_FALSE(at::equal(reference.at("embed.token.weight"), reseeded.at("embed.token.weight")));
  EXPECT_FALSE(at::equal(reference.at("blocks.0.attn.q.weight"), reference.at("blocks.0.attn.k.weight")));
}

TEST(InitialWeights, AreNormalWithTheGivenDeviation) {
  const at::Tensor weight = InitialWeights(1, {{"model.vocabulary", std::int64_t{50000}}}).at("embed.token.weight");
  const at::Tensor z = weight.to(at::kDouble) / 0.3;  // 400,000 samples
  EXPECT_NEAR(z.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(z.square().mean().item<double>(), 1, 0.02);
  EXPECT_NEAR(z.pow(4).mean().item<double>(), 3, 0.1);
  EXPECT_NEAR((z.narrow(1, 0, 7) * z.narrow(1, 1, 7)).mean().item<double>(), 0, 0.01);
}

TEST(InitialWeights, OfGainsAreOneAndOfBiasesZero) {
  for (const auto& [name, weight] : InitialWeights(1, {{"model.bias", Text("all")}})) {
    if (name.ends_with("norm.weight")) {
      EXPECT_TRUE(weight.eq(1).all().item<bool>()) << name;
    }
    if (name.ends_with(".bias")) {
      EXPECT_TRUE(weight.eq(0).all().item<bool>()) << name;
    }
  }
}

// Every parameter's gradient against a central difference along a random direction.
void ExpectGradientsMatchDifferences(const Overrides& overrides) {
  Decoder decoder(ModelShapeOf(TinyTrial(overrides)), 3, at::kDouble, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  const at::Tensor targets = RandomTokens(decoder.Shape(), 2);
  decoder.Loss(inputs, targets).backward();
  const at::NoGradGuard no_grad;
  for (const NamedTensor& parameter : decoder.Parameters()) {
    const at::Tensor direction = at::randn_like(parameter.tensor);
    const double step = 1e-6;
    parameter.tensor.add_(direction, step);
    const double above = decoder.Loss(inputs, targets).item<double>();
    parameter.tensor.add_(direction, -2 * step);
    const double below = decoder.Loss(inputs, targets).item<double>();
    parameter.tensor.add_(direction, step);
    const double slope = (parameter.tensor.grad() * direction).sum().item<double>();
    EXPECT_NEAR((above - below) / (2 * step), slope, 1e-7 + 1e-6 * std::abs(slope)) << parameter.name;
  }
}

TEST(DecoderGradients, OfEveryBlockKind) {
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    SCOPED_TRACE(block);
    ExpectGradientsMatchDifferences({{"model.block", Text(block)}, {"model.activation", Text("gelu")}});
  }
}

TEST(DecoderGradients, OfEveryNormAndBias) {
  for (const char* norm : {"layer_norm", "rms_norm", "srms_norm"}) {
    SCOPED_TRACE(norm);
    ExpectGradientsMatchDifferences({{"model.norm", Text(norm)},
                                     {"model.activation", Text("gelu")},
                                     {"model.embedding_norm", Text("rms_norm")},
                                     {"model.bias", Text("all")},
                                     {"model.tie_embeddings", false}});
  }
}

TEST(DecoderGradients, OfEveryEntropyRegulation) {
  for (const char* regulation : {"none", "qk_norm", "tanh", "qk_norm_tanh"}) {
    SCOPED_TRACE(regulation);
    ExpectGradientsMatchDifferences({{"model.entropy_regulation", Text(regulation)},
                                     {"model.activation", Text("gelu")},
                                     {"model.block", Text("op")},
                                     {"model.positions", Text("rotary")},
                                     {"model.residual_scale_trainable", true}});
  }
}

TEST(Decoder, ReluGradientsMatchWhereItIsSmooth) {
  ExpectGradientsMatchDifferences({{"model.activation", Text("relu")}, {"model.positions", Text("none")}});
}

TEST(Decoder, LogitsGiveTheLoss) {
  Decoder decoder(ModelShapeOf(TinyTrial()), 3, at::kDouble, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  const at::Tensor targets = RandomTokens(decoder.Shape(), 2);
  const at::Tensor expected = at::cross_entropy_loss(decoder.Logits(inputs).flatten(0, 1), targets.flatten());
  EXPECT_NEAR(decoder.Loss(inputs, targets).item<double>(), expected.item<double>(), 1e-12);
}

// The future must not leak: a token changes only the logits at its own and later positions.
TEST(Decoder, IsCausal) {
  for (const char* regulation : {"none", "tanh"}) {
    Decoder decoder(ModelShapeOf(TinyTrial({{"model.entropy_regulation", Text(regulation)}})), 3, at::kDouble,
                    at::kCPU);
    at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
    const at::Tensor before = decoder.Logits(inputs);
    inputs.select(1, 4).add_(1).remainder_(11);
    const at::Tensor change = (decoder.Logits(inputs) - before).abs().amax({0, 2});
    EXPECT_EQ(change.narrow(0, 0, 4).max().item<double>(), 0);
    EXPECT_GT(change[4].item<double>(), 0);
  }
}

// Rotary attention sees distances alone.
TEST(Decoder, RotaryQueriesAndKeysDependOnDistance) {
  at::Tensor cos, sin;
  RotaryTables(16, 4, at::kDouble, cos, sin);
  const at::Tensor q = at::randn({4}, at::kDouble), k = at::randn({4}, at::kDouble);
  const auto rotate = [&](const at::Tensor& x, int t) {
    const auto halves = x.chunk(2);
    return at::cat({halves[0] * cos[t] - halves[1] * sin[t], halves[1] * cos[t] + halves[0] * sin[t]});
  };
  EXPECT_NEAR(rotate(q, 9).dot(rotate(k, 4)).item<double>(), rotate(q, 6).dot(rotate(k, 1)).item<double>(), 1e-12);
  EXPECT_GT(std::abs((rotate(q, 9).dot(rotate(k, 4)) - rotate(q, 9).dot(rotate(k, 5))).item<double>()), 1e-6);
}

// Records what passes; doubles one place if told to.
class RecordingTap : public ActivationTap {
 public:
  explicit RecordingTap(bool places, std::string doubled = "") : places_(places), doubled_(std::move(doubled)) {}
  void OnSite(std::string_view site, std::optional<int> layer, const at::Tensor&) override {
    sites.push_back(std::string(site) + (layer ? std::to_string(*layer) : ""));
  }
  bool WantsPlaces() const override { return places_; }
  at::Tensor OnPlace(const std::string& place, const at::Tensor& x) override {
    names.push_back(place);
    return place == doubled_ ? x * 2 : x;
  }
  std::vector<std::string> sites, names;

 private:
  bool places_;
  std::string doubled_;
};

TEST(ActivationTap, SeesTheSitesOfEveryBlockKind) {
  const auto sites = [](const char* block) {
    Decoder decoder(ModelShapeOf(TinyTrial({{"model.block", Text(block)}})), 3, at::kFloat, at::kCPU);
    RecordingTap tap(false);
    decoder.Logits(RandomTokens(decoder.Shape(), 1), &tap);
    EXPECT_THAT(tap.names, ElementsAre());
    return tap.sites;
  };
  EXPECT_THAT(sites("pre_norm"), ElementsAre("embedding", "block0", "block1", "final_norm"));
  EXPECT_THAT(sites("op"), ElementsAre("embedding", "block0", "block1", "final_norm"));
  EXPECT_THAT(sites("post_norm"), ElementsAre("embedding", "residual0", "block0", "residual1", "block1"));
}

TEST(ActivationTap, SeesTheNamedTensorsInOrder) {
  Decoder decoder(ModelShapeOf(TinyTrial({{"model.block", Text("op")}})), 3, at::kFloat, at::kCPU);
  RecordingTap tap(true);
  decoder.Logits(RandomTokens(decoder.Shape(), 1), &tap);
  EXPECT_THAT(
      tap.names,
      ElementsAre("embed.sum", "blocks.0.attn_norm.output", "blocks.0.attn.q.output", "blocks.0.attn.k.output",
                  "blocks.0.attn.v.output", "blocks.0.attn.q_norm.output", "blocks.0.attn.k_norm.output",
                  "blocks.0.attn.scores", "blocks.0.attn.probabilities", "blocks.0.attn.context",
                  "blocks.0.attn.out.output", "blocks.0.residual_attn", "blocks.0.mlp.up.output",
                  "blocks.0.mlp.down.output", "blocks.0.residual_mlp", "blocks.1.attn.q.output",
                  "blocks.1.attn.k.output", "blocks.1.attn.v.output", "blocks.1.attn.q_norm.output",
                  "blocks.1.attn.k_norm.output", "blocks.1.attn.scores", "blocks.1.attn.probabilities",
                  "blocks.1.attn.context", "blocks.1.attn.out.output", "blocks.1.residual_attn",
                  "blocks.1.mlp.up.output", "blocks.1.mlp.down.output", "blocks.1.residual_mlp", "final_norm.output"));
}

TEST(ActivationTap, ReplacesWhatThePassGoesOnWith) {
  Decoder decoder(ModelShapeOf(TinyTrial()), 3, at::kDouble, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  RecordingTap looking(true), doubling(true, "final_norm.output");
  const at::Tensor plain = decoder.Logits(inputs);
  EXPECT_LT((decoder.Logits(inputs, &looking) - plain).abs().max().item<double>(), 1e-12);
  EXPECT_LT((decoder.Logits(inputs, &doubling) - 2 * plain).abs().max().item<double>(), 1e-12);
}

TEST(Dropout, FollowsItsGeneratorAndOnlyInTraining) {
  Decoder decoder(ModelShapeOf(TinyTrial({{"model.dropout", 0.5}})), 3, at::kDouble, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  const at::Tensor state = decoder.DropoutGenerator().get_state();
  const at::Tensor first = decoder.Logits(inputs);
  const at::Tensor second = decoder.Logits(inputs);
  EXPECT_FALSE(at::equal(first, second));
  decoder.DropoutGenerator().set_state(state);
  EXPECT_TRUE(at::equal(decoder.Logits(inputs), first));
  decoder.SetTraining(false);
  EXPECT_TRUE(at::equal(decoder.Logits(inputs), decoder.Logits(inputs)));
}

TEST(Dropout, KeepsTheMean) {
  Decoder decoder(ModelShapeOf(TinyTrial({{"model.dropout", 0.2}, {"model.layers", std::int64_t{1}}})), 3, at::kDouble,
                  at::kCPU);
  class Mean : public ActivationTap {
   public:
    void OnSite(std::string_view site, std::optional<int>, const at::Tensor& x) override {
      if (site == "embedding") sum = sum.defined() ? sum + x : x;
    }
    at::Tensor sum;
  };
  const at::NoGradGuard no_grad;
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  Mean dropped, plain;
  for (int i = 0; i < 4000; ++i) decoder.Logits(inputs, &dropped);
  decoder.SetTraining(false);
  decoder.Logits(inputs, &plain);
  EXPECT_LT((dropped.sum / 4000 - plain.sum).abs().max().item<double>(), 0.1 * plain.sum.abs().max().item<double>());
}

TEST(Decoder, RefusesShapesThatCannotBe) {
  ModelShape shape = ModelShapeOf(TinyTrial());
  shape.heads = 3;
  EXPECT_THROW(Decoder(shape, 0, at::kFloat, at::kCPU), std::invalid_argument);
  shape.heads = 8;
  shape.positions = Positions::kRotary;
  EXPECT_THROW(Decoder(shape, 0, at::kFloat, at::kCPU), std::invalid_argument);
}

TEST(Decoder, RunsInBfloat16) {
  Decoder decoder(
      ModelShapeOf(TinyTrial({{"model.block", Text("op")}, {"model.entropy_regulation", Text("qk_norm_tanh")}})), 3,
      at::kBFloat16, at::kCPU);
  Decoder wide(decoder.Shape(), 3, at::kFloat, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  const at::Tensor targets = RandomTokens(decoder.Shape(), 2);
  const at::Tensor loss = decoder.Loss(inputs, targets);
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_NEAR(loss.item<double>(), wide.Loss(inputs, targets).item<double>(), 0.05);
  loss.backward();
  for (const NamedTensor& parameter : decoder.Parameters()) {
    EXPECT_EQ(parameter.tensor.grad().scalar_type(), at::kFloat) << parameter.name;
  }
}

}  // namespace
}  // namespace ofsweep
