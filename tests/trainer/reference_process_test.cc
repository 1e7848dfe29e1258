// Every trial of tests/reference/training through the real program, as a user would run it.

#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/trainer/trainer_process.h"
#include "trainer/safetensors.h"

namespace ofsweep {
namespace {

using Points = std::map<std::int64_t, std::map<Series, double>>;

Points PointsOf(const TrainerResult& result) {
  Points points;
  for (const TrainerEvent& event : result.Events()) {
    const auto* step = std::get_if<PointsEvent>(&event);
    if (step == nullptr) continue;
    for (const MetricPoint& point : step->points.points) points[step->points.step][point.series] = point.value;
  }
  return points;
}

void ExpectNear(const std::map<Series, double>& points, const Series& series, double expected) {
  const auto point = points.find(series);
  ASSERT_NE(point, points.end()) << series.metric << " " << series.site;
  EXPECT_NEAR(point->second, expected, 1e-6 * std::abs(expected)) << series.metric << " " << series.site;
}

class ReferenceProcess : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceProcess, AgreesAtEveryStep) {
  const std::filesystem::path folder =
      std::filesystem::path(OFSWEEP_SOURCE_DIR "/tests/reference/training") / GetParam();
  const TemporaryFolder output;
  const TrainerResult result = RunTrainer({"--config", folder / "trial.json", "--output", output.path().string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const Points points = PointsOf(result);
  const nlohmann::json expected = nlohmann::json::parse(ReadFile(folder / "expected.json"))["steps"];
  ASSERT_EQ(points.size(), expected.size());
  for (const nlohmann::json& step : expected) {
    const auto& seen = points.at(step["step"].get<std::int64_t>());
    for (const char* scalar : {"train_loss", "gradient_norm", "learning_rate"}) {
      ExpectNear(seen, {scalar, std::nullopt, ""}, step[scalar].get<double>());
    }
    for (const nlohmann::json& site : step["sites"]) {
      std::optional<int> layer;
      if (!site["layer"].is_null()) layer = site["layer"].get<int>();
      for (const char* metric : {"kurtosis", "mmr", "rms", "max_abs"}) {
        ExpectNear(seen, {metric, layer, site["site"].get<std::string>()}, site[metric].get<double>());
      }
    }
  }

  const auto checkpoint = SafetensorsFile::Open(output.path() / "checkpoint-000000016.safetensors");
  const auto final_weights = SafetensorsFile::Open(folder / "final.safetensors");
  ASSERT_TRUE(checkpoint.ok() && final_weights.ok()) << checkpoint.status() << final_weights.status();
  for (const std::string& name : final_weights->Names()) {
    const at::Tensor values = final_weights->Read(name);
    EXPECT_LT((checkpoint->Read(name) - values).abs().max().item<double>(), 1e-6 * values.abs().max().item<double>())
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Training, ReferenceProcess,
                         testing::Values("pre_norm-adam", "pre_norm-soap", "post_norm-adam", "post_norm-soap",
                                         "op-adam", "op-soap", "op-tanh-adam", "pre_norm-rms-gelu-untied",
                                         "pre_norm-srms-qk"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& letter : name) letter = letter == '-' ? '_' : letter;
                           return name;
                         });

}  // namespace
}  // namespace ofsweep
