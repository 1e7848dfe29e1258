// tests/reference/vectors/int8.json: the quantisers of the int8 paper's code on given tensors.

#include <map>

#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "trainer/decoder_block.h"
#include "trainer/quantised_model.h"
#include "trainer/quantizer.h"

namespace ofsweep {
namespace {

constexpr double kTolerance = 1e-6;
constexpr double kInsideTolerance = 1e-5;  // inside blocks, and outputs of layers and blocks

const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = ReadJson(ReferenceFolder() / "vectors/int8.json");
  return vectors;
}

// {"shape": …, "data": …} in float32.
at::Tensor Shaped(const nlohmann::json& value) {
  return TensorOf(value.at("data"), value.at("shape").get<std::vector<std::int64_t>>()).to(at::kFloat);
}

at::Tensor Shaped(const nlohmann::json& data, const nlohmann::json& shape) {
  return TensorOf(data, shape.get<std::vector<std::int64_t>>()).to(at::kFloat);
}

// Relative to the largest element: float32 sums that cancel have no more digits than that.
void ExpectClose(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  EXPECT_LE((actual - expected).abs().max().item<double>(), tolerance * expected.abs().max().item<double>());
}

void ExpectWeightGrid(const WeightGrid& grid, const nlohmann::json& expected) {
  EXPECT_EQ(grid.with_sign, !expected.at("one_sided").get<bool>());
  EXPECT_EQ(grid.candidate, expected.at("best_index").get<int>());
  EXPECT_PRED4(Close, grid.search_range, NumberOf(expected.at("search_range")), kTolerance, 0);
  EXPECT_PRED4(Close, grid.threshold, NumberOf(expected.at("threshold")), kTolerance, 0);
  EXPECT_PRED4(Close, grid.delta, NumberOf(expected.at("delta")), kTolerance, 0);
}

void ExpectActivationGrid(const ActivationGrid& grid, const nlohmann::json& expected, double tolerance) {
  EXPECT_PRED4(Close, grid.low, NumberOf(expected.at("lo")), tolerance, 1e-12);
  EXPECT_PRED4(Close, grid.high, NumberOf(expected.at("hi")), tolerance, 1e-12);
  EXPECT_PRED4(Close, grid.delta, NumberOf(expected.at("delta")), tolerance, 0);
  EXPECT_EQ(grid.zero_point, expected.at("zero_point").get<int>());
}

TEST(WeightGrid, AgreesWithThePublishedSearch) {
  ASSERT_EQ(Vectors().at("weight_cases").size(), 13u);
  for (const auto& vector : Vectors().at("weight_cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const at::Tensor weights = Shaped(vector.at("weights"), vector.at("shape"));
    const WeightGrid grid = SearchWeightGrid(weights);
    ExpectWeightGrid(grid, vector);
    EXPECT_TRUE(at::equal(grid.Levels(weights), Shaped(vector.at("levels"), vector.at("shape"))));
    ExpectClose(grid.FakeQuantised(weights), Shaped(vector.at("fake_quantised"), vector.at("shape")), kTolerance);
  }
}

TEST(RangeEstimator, AgreesWithThePublishedRunningPercentiles) {
  ASSERT_EQ(Vectors().at("activation_cases").size(), 12u);
  for (const auto& vector : Vectors().at("activation_cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    RangeEstimator estimator;
    for (std::size_t batch = 0; batch < vector.at("batches").size(); ++batch) {
      estimator.Observe(Shaped(vector.at("batches").at(batch), vector.at("batch_shapes").at(batch)));
      ExpectActivationGrid(estimator.Grid(), vector.at("after_batch").at(batch), kTolerance);
    }
    const at::Tensor input = Shaped(vector.at("input"));
    EXPECT_TRUE(at::equal(estimator.Grid().Levels(input), Shaped(vector.at("levels"), vector.at("input").at("shape"))));
    ExpectClose(estimator.Grid().FakeQuantised(input),
                Shaped(vector.at("fake_quantised"), vector.at("input").at("shape")), kTolerance);
  }
}

TEST(RangeEstimator, FindsPercentilesOfLargeTensors) {
  const auto& vector = Vectors().at("percentile_case");
  RangeEstimator estimator;
  at::Tensor x;
  for (int b = 0; b < 3; ++b) {
    const auto& expected = vector.at("after_batch").at(b);
    const auto multiplier = expected.at("multiplier").get<std::int64_t>();
    const at::Tensor shuffled = (at::arange(262144, at::kLong) * multiplier).remainder(262144);
    x = (shuffled.to(at::kDouble) / 65536 * (b + 1) - 2).to(at::kFloat);
    x[0] = 50.0 * (b + 1);
    x[1] = -70.0;
    x[2] = 31.0;
    estimator.Observe(x);
    ExpectActivationGrid(estimator.Grid(), expected, kTolerance);
  }
  const at::Tensor levels = estimator.Grid().Levels(x).to(at::kDouble);
  const auto& expected = vector.at("levels_of_last_batch");
  EXPECT_NEAR(levels.sum().item<double>(), NumberOf(expected.at("sum")), 20);
  EXPECT_NEAR(levels.square().sum().item<double>(), NumberOf(expected.at("sum_of_squares")), 10000);
  EXPECT_EQ(levels.eq(0).sum().item<std::int64_t>(), expected.at("at_0").get<std::int64_t>());
  EXPECT_EQ(levels.eq(255).sum().item<std::int64_t>(), expected.at("at_255").get<std::int64_t>());
}

TEST(Quantizer, AgreesWithThePublishedLayers) {
  for (const auto& vector : Vectors().at("layer_cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const at::Tensor weight = Shaped(vector.at("weight"));
    const at::Tensor bias = Shaped(vector.at("bias"), std::vector<std::int64_t>{weight.size(0)});
    const auto layer = [&](const at::Tensor& x, const at::Tensor& w) {
      if (vector.at("name") == "layer_norm") return at::layer_norm(x, w.sizes(), w, bias, 1e-5);
      const at::Tensor y = at::linear(x, w, bias);
      return vector.at("name") == "linear_relu" ? y.relu() : y;
    };
    const WeightGrid weight_grid = SearchWeightGrid(weight);
    ExpectWeightGrid(weight_grid, vector.at("weight_grid"));
    const at::Tensor rounded = weight_grid.FakeQuantised(weight);
    RangeEstimator estimator;
    for (const auto& batch : vector.at("batches")) estimator.Observe(layer(Shaped(batch), rounded));
    ExpectActivationGrid(estimator.Grid(), vector.at("activation_grid"), kInsideTolerance);
    const at::Tensor input = Shaped(vector.at("input"));
    ExpectClose(estimator.Grid().FakeQuantised(layer(input, rounded)), Shaped(vector.at("output")), kInsideTolerance);
    ExpectClose(layer(input, weight), Shaped(vector.at("float_output")), kInsideTolerance);
  }
}

// Our names by the published ones.
const std::map<std::string, std::string>& Modules() {
  static const std::map<std::string, std::string> modules = {{"self_attn.q_proj", "attn.q"},
                                                             {"self_attn.k_proj", "attn.k"},
                                                             {"self_attn.v_proj", "attn.v"},
                                                             {"self_attn.out_proj", "attn.out"},
                                                             {"self_attn_layer_norm", "attn_norm"},
                                                             {"final_layer_norm", "mlp_norm"},
                                                             {"fc1", "mlp.up"},
                                                             {"fc2", "mlp.down"}};
  return modules;
}

std::string PlaceOf(const std::string& published) {
  static const std::map<std::string, std::string> tensors = {{"self_attn.attn_scores", "attn.scores"},
                                                             {"self_attn.attn_probs", "attn.probabilities"},
                                                             {"self_attn.context", "attn.context"},
                                                             {"self_attn_res", "residual_attn"},
                                                             {"ffn_res", "residual_mlp"}};
  const auto found = tensors.find(published);
  return "blocks.0." + (found != tensors.end() ? found->second : Modules().at(published) + ".output");
}

class PublishedBlock {
 public:
  explicit PublishedBlock(const nlohmann::json& vector)
      : factory_(0, 0, at::kFloat, at::kCPU, parameters_), block_(factory_, ShapeOf(vector), 0) {
    for (const auto& [published, value] : vector.at("parameters").items()) {
      const auto dot = published.rfind('.');
      ParameterOf("blocks.0." + Modules().at(published.substr(0, dot)) + published.substr(dot)).copy_(Shaped(value));
    }
  }

  void RoundWeights(const nlohmann::json& expected) {
    for (const auto& [published, grid] : expected.items()) {
      SCOPED_TRACE(published);
      at::Tensor weight = ParameterOf("blocks.0." + Modules().at(published) + ".weight");
      const WeightGrid found = SearchWeightGrid(weight);
      ExpectWeightGrid(found, grid);
      weight.copy_(found.FakeQuantised(weight));
    }
  }

  at::Tensor Run(const nlohmann::json& input, ActivationTap* tap) {
    ForwardPass pass;
    pass.places = tap;
    return block_(Shaped(input), pass);
  }

 private:
  static ModelShape ShapeOf(const nlohmann::json& vector) {
    ModelShape shape;
    shape.block = vector.at("name") == "decoder_layer_pre_norm" ? BlockKind::kPreNorm : BlockKind::kPostNorm;
    shape.width = vector.at("width");
    shape.heads = vector.at("heads");
    shape.ffn_width = vector.at("parameters").at("fc1.bias").at("shape").at(0);
    shape.biases = Biases::kAll;
    return shape;
  }

  at::Tensor ParameterOf(const std::string& name) {
    for (const NamedTensor& parameter : parameters_) {
      if (parameter.name == name) return parameter.tensor;
    }
    throw std::runtime_error("no parameter " + name);
  }

  std::vector<NamedTensor> parameters_;
  ParameterFactory factory_;
  DecoderBlock block_;
};

TEST(Quantizer, AgreesWithThePublishedDecoderLayers) {
  const at::NoGradGuard no_grad;
  ASSERT_EQ(Vectors().at("block_cases").size(), 2u);
  for (const auto& vector : Vectors().at("block_cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    PublishedBlock block(vector);
    ExpectClose(block.Run(vector.at("input"), nullptr), Shaped(vector.at("float_output")), kInsideTolerance);
    block.RoundWeights(vector.at("weight_grids"));
    QuantizingTap tap(8);
    tap.SetCalibrating(true);
    for (const auto& batch : vector.at("batches")) block.Run(batch, &tap);
    tap.SetCalibrating(false);
    EXPECT_EQ(tap.Places().size(), vector.at("activation_grids").size());
    std::map<std::string, ActivationGrid> grids;
    for (const QuantizingTap::Place& place : tap.Places()) grids[place.name] = place.estimator.Grid();
    for (const auto& [published, expected] : vector.at("activation_grids").items()) {
      SCOPED_TRACE(published);
      ExpectActivationGrid(grids.at(PlaceOf(published)), expected, kInsideTolerance);
    }
    ExpectClose(block.Run(vector.at("input"), &tap), Shaped(vector.at("output")), kInsideTolerance);
  }
}

}  // namespace
}  // namespace ofsweep
