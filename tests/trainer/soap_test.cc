// tests/reference/vectors/soap.json: trajectories of the published SOAP, and properties where no path is unique.

#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "trainer/soap.h"

namespace ofsweep {
namespace {

const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = ReadJson(ReferenceFolder() / "vectors/soap.json");
  return vectors;
}

// Runs a case; the parameter before the first and after every step.
std::vector<at::Tensor> Trajectory(const nlohmann::json& vector, at::ScalarType dtype) {
  const auto& config = vector.at("config");
  SoapOptions options;
  options.beta1 = config.at("betas").at(0);
  options.beta2 = config.at("betas").at(1);
  options.shampoo_beta = config.at("shampoo_beta") < 0 ? options.beta2 : config.at("shampoo_beta").get<double>();
  options.epsilon = config.at("eps");
  options.weight_decay = options.vector_weight_decay = config.at("weight_decay");
  options.refresh_every = config.at("precondition_frequency");
  options.max_preconditioner_dim = config.at("max_precond_dim");
  const auto shape = vector.at("shape").get<std::vector<std::int64_t>>();
  at::Tensor parameter = TensorOf(vector.at("initial"), shape).to(dtype).requires_grad_(true);
  Soap soap(options, {{"parameter", parameter}});
  std::vector<at::Tensor> path = {parameter.detach().clone()};
  for (const auto& gradient : vector.at("gradients")) {
    parameter.mutable_grad() = TensorOf(gradient, shape).to(dtype);
    soap.Step(config.at("lr"));
    path.push_back(parameter.detach().clone());
  }
  return path;
}

void ExpectAgreement(at::ScalarType dtype, double tolerance) {
  ASSERT_EQ(Vectors().at("cases").size(), 14u);
  for (const auto& vector : Vectors().at("cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const auto path = Trajectory(vector, dtype);
    for (std::size_t step = 0; step + 1 < path.size(); ++step) {
      const at::Tensor expected = TensorOf(vector.at("parameters").at(step), path[0].sizes());
      ASSERT_LE((path[step + 1] - expected).abs().max().item<double>(), tolerance) << "step " << step;
    }
  }
}

TEST(Soap, FollowsThePublishedTrajectoriesInFloat64) {
  ExpectAgreement(at::kDouble, 1e-10);
}

TEST(Soap, FollowsThePublishedTrajectoriesInFloat32) {
  ExpectAgreement(at::kFloat, 2e-5);
}

void ExpectProperty(const std::string& property, const nlohmann::json& vector, const std::vector<at::Tensor>& path) {
  const double learning_rate = vector.at("config").at("lr");
  const auto step_of = [&](std::size_t i) { return at::Tensor(path[i + 1] - path[i]); };
  if (property == "first_step_unchanged") {
    EXPECT_TRUE(at::equal(path[1], path[0]));
    return;
  }
  for (std::size_t i = 1; i + 1 < path.size(); ++i) {
    const double norm = step_of(i).norm().item<double>();
    if (property == "all_finite") {
      EXPECT_TRUE(path[i + 1].isfinite().all().item<bool>());
    } else if (property == "every_later_step_moves") {
      EXPECT_GT(norm, 0);
    } else if (property == "step_norm_at_most") {
      EXPECT_LE(norm, NumberOf(vector.at("step_norm_at_most")) * (1 + 1e-9));
    } else if (property == "each_later_step_is_minus_lr_times_polar_factor") {
      const at::Tensor expected = -learning_rate * TensorOf(vector.at("polar_factor"), path[0].sizes());
      EXPECT_LE((step_of(i) - expected).abs().max().item<double>(), 1e-5 * learning_rate) << "step " << i;
    } else {
      FAIL() << "unknown property " << property;
    }
  }
}

TEST(Soap, HasThePropertiesOfThePublishedOptimizer) {
  for (const auto& vector : Vectors().at("property_cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const auto path = Trajectory(vector, at::kDouble);
    for (const auto& property : vector.at("properties")) ExpectProperty(property, vector, path);
  }
}

TEST(Soap, ChangesNothingForAWeightBecauseOthersShareItsShape) {
  const auto run = [](const std::vector<int>& members) {
    std::vector<NamedTensor> parameters;
    for (const int member : members) {
      at::Tensor weight = at::full({5, 5}, member, at::kDouble).requires_grad_(true);
      parameters.push_back({"weight" + std::to_string(member), weight});
    }
    Soap soap({.refresh_every = 2}, parameters);
    for (int step = 0; step < 9; ++step) {
      for (std::size_t i = 0; i < members.size(); ++i) {
        at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(100 * members[i] + step);
        parameters[i].tensor.mutable_grad() = at::randn({5, 5}, generator, at::kDouble);
      }
      soap.Step(1e-2);
    }
    return parameters.back().tensor.detach();
  };
  EXPECT_LT((run({3}) - run({1, 2, 3})).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace ofsweep
