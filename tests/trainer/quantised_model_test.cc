// int8 for every kind of model that the trial keys can ask for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_model.h"
#include "trainer/quantised_model.h"

namespace ofsweep {
namespace {

struct Kind {
  const char* name;
  Overrides keys;
};

std::vector<Kind> Kinds() {
  return {
      {"pre_norm", {}},
      {"post_norm", {{"model.block", Text("post_norm")}}},
      {"op", {{"model.block", Text("op")}}},
      {"op_with_tanh", {{"model.block", Text("op")}, {"model.entropy_regulation", Text("qk_norm_tanh")}}},
      {"op_without_regulation", {{"model.block", Text("op")}, {"model.entropy_regulation", Text("none")}}},
      {"tanh", {{"model.entropy_regulation", Text("tanh")}}},
      {"qk_norm", {{"model.entropy_regulation", Text("qk_norm")}}},
      {"rms_norm", {{"model.norm", Text("rms_norm")}}},
      {"srms_norm", {{"model.norm", Text("srms_norm")}}},
      {"post_norm_srms", {{"model.block", Text("post_norm")}, {"model.norm", Text("srms_norm")}}},
      {"mixed_norms", {{"model.norm", Text("rms_norm")}, {"model.final_norm", Text("layer_norm")}}},
      {"no_final_norm", {{"model.final_norm", Text("none")}}},
      {"embedding_layer_norm", {{"model.block", Text("post_norm")}, {"model.embedding_norm", Text("layer_norm")}}},
      {"embedding_rms_norm", {{"model.block", Text("op")}, {"model.embedding_norm", Text("rms_norm")}}},
      {"gelu", {{"model.activation", Text("gelu")}}},
      {"biases_of_queries_and_keys", {{"model.bias", Text("qk")}}},
      {"all_biases", {{"model.bias", Text("all")}, {"model.block", Text("post_norm")}}},
      {"rotary", {{"model.positions", Text("rotary")}}},
      {"rotary_with_qk_norm", {{"model.positions", Text("rotary")}, {"model.block", Text("op")}}},
      {"no_positions", {{"model.positions", Text("none")}}},
      {"untied", {{"model.tie_embeddings", false}}},
      {"trainable_scale", {{"model.block", Text("op")}, {"model.residual_scale_trainable", true}}},
      {"dropout", {{"model.dropout", 0.5}}},
  };
}

// The list of tests/reference/int8/README.md, and our extensions of it (docs/quantisation.md).
std::vector<std::string> ExpectedActivations(const ModelShape& shape) {
  const bool op = shape.block == BlockKind::kOutlierProtected;
  const bool post = shape.block == BlockKind::kPostNorm;
  std::vector<std::string> places = {"embed.sum"};
  if (shape.embedding_norm != NormKind::kNone) places.push_back("embed.norm.output");
  for (int layer = 0; layer < shape.layers; ++layer) {
    const auto add = [&](bool wanted, const std::string& name) {
      if (wanted) places.push_back("blocks." + std::to_string(layer) + "." + name);
    };
    add(!post && (!op || layer == 0), "attn_norm.output");
    for (const char* name : {"attn.q.output", "attn.k.output", "attn.v.output"}) add(true, name);
    for (const char* name : {"attn.q_norm.output", "attn.k_norm.output"}) add(shape.qk_norm, name);
    for (const char* name : {"attn.scores", "attn.probabilities", "attn.context", "attn.out.output", "residual_attn"}) {
      add(true, name);
    }
    add(post, "attn_norm.output");
    add(!post && !op, "mlp_norm.output");
    for (const char* name : {"mlp.up.output", "mlp.down.output", "residual_mlp"}) add(true, name);
    add(post, "mlp_norm.output");
  }
  if (shape.final_norm != NormKind::kNone) places.push_back("final_norm.output");
  return places;
}

bool IsOneDimensional(const NamedTensor& parameter) {
  return parameter.tensor.dim() == 1;
}

// All that a decoder learns but biases, trainable scales and an untied head.
std::vector<std::string> ExpectedWeights(const Decoder& decoder) {
  std::vector<std::string> names;
  for (const NamedTensor& parameter : decoder.Parameters()) {
    const bool is_gain = IsOneDimensional(parameter) && parameter.name.ends_with("norm.weight");
    if (is_gain || (!IsOneDimensional(parameter) && parameter.name != "head.weight")) names.push_back(parameter.name);
  }
  return names;
}

class Int8Kinds : public testing::TestWithParam<Kind> {
 protected:
  Int8Kinds() : decoder_(ModelShapeOf(TinyTrial(GetParam().keys)), 3, at::kFloat, at::kCPU) {
    // Gains and biases as training leaves them, not 1 and 0.
    const at::NoGradGuard no_grad;
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
    for (const NamedTensor& parameter : decoder_.Parameters()) {
      if (IsOneDimensional(parameter)) parameter.tensor.add_(at::randn(parameter.tensor.sizes(), generator), 0.1);
    }
    decoder_.SetTraining(false);
    inputs_ = RandomTokens(decoder_.Shape(), 1);
    targets_ = RandomTokens(decoder_.Shape(), 2);
  }

  Decoder decoder_;
  at::Tensor inputs_, targets_;
};

TEST_P(Int8Kinds, RoundsThePlacesOfTheProtocolInItsOrder) {
  QuantisedModel int8(decoder_);
  int8.SetBits({});
  EXPECT_THAT(int8.Places(), testing::ElementsAreArray(ExpectedWeights(decoder_)));
  EXPECT_THROW(int8.Loss(inputs_, targets_), std::logic_error) << "nothing is calibrated yet";
  int8.Calibrate(inputs_);
  std::vector<std::string> expected = ExpectedWeights(decoder_);
  for (const std::string& place : ExpectedActivations(decoder_.Shape())) expected.push_back(place);
  EXPECT_EQ(int8.Places(), expected);
}

TEST_P(Int8Kinds, CostsALittleAndNothingWhereNothingIsRounded) {
  QuantisedModel int8(decoder_);
  int8.SetBits({});
  int8.Calibrate(inputs_);
  const double full = decoder_.Loss(inputs_, targets_).item<double>();
  const double rounded = int8.Loss(inputs_, targets_).item<double>();
  EXPECT_NE(rounded, full);
  EXPECT_NEAR(rounded, full, 0.1);
  int8.Round([](std::string_view) { return false; });
  EXPECT_EQ(int8.Loss(inputs_, targets_).item<double>(), full);
}

// Naming every tensor takes another path through attention than training does: the model is the same.
TEST_P(Int8Kinds, PassesTheSameModelWhenItIsTakenApart) {
  class Unchanged : public ActivationTap {
   public:
    void OnSite(std::string_view, std::optional<int>, const at::Tensor&) override {}
    bool WantsPlaces() const override { return true; }
  };
  Unchanged tap;
  const at::Tensor fast = decoder_.Logits(inputs_), apart = decoder_.Logits(inputs_, &tap);
  EXPECT_LE((fast - apart).abs().max().item<double>(), 1e-5 * fast.abs().max().item<double>());
}

INSTANTIATE_TEST_SUITE_P(All, Int8Kinds, testing::ValuesIn(Kinds()), [](const auto& info) { return info.param.name; });

// One calibration without rounding serves every place alone: what a place sees comes before it.
TEST(QuantisedModel, APlaceAloneIsTheProtocolForThatPlaceAlone) {
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    Decoder decoder(ModelShapeOf(TinyTrial({{"model.block", Text(block)}})), 3, at::kFloat, at::kCPU);
    const at::Tensor inputs = RandomTokens(decoder.Shape(), 1), targets = RandomTokens(decoder.Shape(), 2);
    const std::vector<at::Tensor> batches = {inputs, RandomTokens(decoder.Shape(), 4)};
    QuantisedModel together(decoder);
    together.SetBits({});
    together.Round([](std::string_view) { return false; });
    for (const at::Tensor& batch : batches) together.Calibrate(batch);
    for (const std::string& place : together.Places()) {
      if (IsWeightPlace(place)) continue;
      SCOPED_TRACE(std::string(block) + " " + place);
      const PlaceFilter only = [&place](std::string_view name) { return name == place; };
      together.Round(only);
      QuantisedModel alone(decoder);
      alone.SetBits({});
      alone.Round(only);
      for (const at::Tensor& batch : batches) alone.Calibrate(batch);
      EXPECT_EQ(together.Loss(inputs, targets).item<double>(), alone.Loss(inputs, targets).item<double>());
    }
  }
}

TEST(QuantisedModel, LeavesTheDecoderAlone) {
  Decoder decoder(ModelShapeOf(TinyTrial()), 3, at::kDouble, at::kCPU);
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  const at::Tensor before = decoder.Logits(inputs).clone();
  QuantisedModel int8(decoder);
  int8.SetBits({});
  int8.Calibrate(inputs);
  int8.Loss(inputs, inputs);
  EXPECT_TRUE(at::equal(decoder.Logits(inputs), before));
}

TEST(QuantisedModel, KnowsNoDropout) {
  const auto loss = [](double dropout) {
    Decoder decoder(ModelShapeOf(TinyTrial({{"model.dropout", dropout}})), 3, at::kFloat, at::kCPU);
    QuantisedModel int8(decoder);
    int8.SetBits({});
    int8.Calibrate(RandomTokens(decoder.Shape(), 1));
    return int8.Loss(RandomTokens(decoder.Shape(), 1), RandomTokens(decoder.Shape(), 2)).item<double>();
  };
  EXPECT_EQ(loss(0.5), loss(0));
}

// Weights trained in bfloat16 or float64 are read as float32, and all arithmetic is float32.
TEST(QuantisedModel, WorksInFloat32WhateverThePrecisionOfTraining) {
  for (const at::ScalarType precision : {at::kBFloat16, at::kDouble}) {
    const ModelShape shape = ModelShapeOf(TinyTrial());
    Decoder trained(shape, 3, precision, at::kCPU);
    Decoder single(shape, 3, at::kFloat, at::kCPU);
    {
      const at::NoGradGuard no_grad;
      for (std::size_t i = 0; i < single.Parameters().size(); ++i) {
        at::Tensor(single.Parameters()[i].tensor).copy_(trained.Parameters()[i].tensor);
      }
    }
    const at::Tensor inputs = RandomTokens(shape, 1), targets = RandomTokens(shape, 2);
    QuantisedModel of_trained(trained), of_single(single);
    of_trained.SetBits({});
    of_single.SetBits({});
    of_trained.Calibrate(inputs);
    of_single.Calibrate(inputs);
    EXPECT_EQ(of_trained.Loss(inputs, targets).item<double>(), of_single.Loss(inputs, targets).item<double>());
    EXPECT_EQ(of_trained.Loss(inputs, targets).scalar_type(), at::kFloat);
  }
}

// Where the places stand, seen on a model that has all that the source of the protocol has not.
TEST(QuantisedModel, RoundsOurExtensionsWhereTheyAreSaidTo) {
  class Recorder : public ActivationTap {
   public:
    void OnSite(std::string_view, std::optional<int>, const at::Tensor&) override {}
    bool WantsPlaces() const override { return true; }
    at::Tensor OnPlace(const std::string& place, const at::Tensor& x) override {
      return seen[place] = x.detach().clone();
    }
    TensorMap seen;
  };
  Decoder decoder(ModelShapeOf(TinyTrial({{"model.block", Text("op")},
                                          {"model.entropy_regulation", Text("qk_norm_tanh")},
                                          {"model.activation", Text("gelu")},
                                          {"model.tie_embeddings", false}})),
                  3, at::kDouble, at::kCPU);
  TensorMap weights;
  for (const NamedTensor& parameter : decoder.Parameters()) weights[parameter.name] = parameter.tensor.detach();
  const at::Tensor inputs = RandomTokens(decoder.Shape(), 1);
  Recorder recorder;
  const at::Tensor logits = decoder.Logits(inputs, &recorder).detach();
  const auto at_place = [&](const char* name) { return recorder.seen.at(std::string("blocks.1.") + name); };
  const auto expect_equal = [](const at::Tensor& actual, const at::Tensor& expected) {
    ASSERT_EQ(actual.sizes(), expected.sizes());
    EXPECT_TRUE(at::allclose(actual, expected, 1e-10, 1e-12));
  };
  const auto heads = [](const at::Tensor& x) { return x.reshape({3, 6, 2, 4}).transpose(1, 2); };
  const double beta = decoder.Shape().residual_scale;

  // QK-norm outputs are places; the scores follow them, before the cap and the mask, future tokens included.
  const at::Tensor q = at::rms_norm(at_place("attn.q.output").reshape({3, 6, 2, 4}), {4}, {}, 1e-5);
  expect_equal(at_place("attn.q_norm.output"), q * weights.at("blocks.1.attn.q_norm.weight"));
  const at::Tensor scores = at::matmul(at_place("attn.q_norm.output").transpose(1, 2) / 2,
                                       at_place("attn.k_norm.output").permute({0, 2, 3, 1}));
  expect_equal(at_place("attn.scores"), scores);
  const at::Tensor future = at::ones({6, 6}, at::kBool).triu(1);
  const at::Tensor probabilities = at::softmax((30 * at::tanh(scores / 30)).masked_fill(future, -INFINITY), -1);
  expect_equal(at_place("attn.probabilities"), probabilities);
  expect_equal(at_place("attn.context"), at::matmul(probabilities, heads(at_place("attn.v.output"))));
  // Sums after β; the MLP's places after the nonlinearity.
  expect_equal(at_place("residual_attn"),
               recorder.seen.at("blocks.0.residual_mlp") + beta * at_place("attn.out.output"));
  expect_equal(at_place("mlp.up.output"),
               at::gelu(at::linear(at_place("residual_attn"), weights.at("blocks.1.mlp.up.weight"))));
  expect_equal(at_place("residual_mlp"), at_place("residual_attn") + beta * at_place("mlp.down.output"));
  expect_equal(logits, at::linear(recorder.seen.at("final_norm.output"), weights.at("head.weight")));
}

}  // namespace
}  // namespace ofsweep
