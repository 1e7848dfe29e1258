// The sweeps that come with ofsweep.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

const fs::path kSweeps = OFSWEEP_SOURCE_DIR "/sweeps";

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kSweeps)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ReadySweep : public testing::TestWithParam<std::string> {
 protected:
  ReadySweep() {
    const std::string file = (kSweeps / (GetParam() + ".yaml")).string();
    std::ifstream stream(file);
    std::stringstream content;
    content << stream.rdbuf();
    text_ = content.str();
    std::vector<Problem> problems;
    spec_ = ParseSweepSpec(text_, file, problems);
    EXPECT_EQ(ToText(problems), "");
    ExpandSweep(spec_, file, problems, [&](PlannedTrial trial) { trials_.push_back(std::move(trial)); });
    EXPECT_EQ(ToText(problems), "");
  }

  std::string text_;
  SweepSpec spec_;
  std::vector<PlannedTrial> trials_;
};

TEST_P(ReadySweep, IsCalledAsItsFile) {
  EXPECT_EQ(spec_.name, GetParam());
}

TEST_P(ReadySweep, HasAsManyTrialsAsItsCommentSays) {
  std::smatch said;
  if (GetParam() == "quickstart") {
    EXPECT_EQ(trials_.size(), 6u);
    return;
  }
  ASSERT_TRUE(std::regex_search(text_, said, std::regex("= ([0-9]+) trials")));
  EXPECT_EQ(trials_.size(), std::stoul(said[1]));
}

TEST_P(ReadySweep, EvaluatesEveryTrialInInt8AndWith4BitActivations) {
  for (const PlannedTrial& trial : trials_) {
    EXPECT_TRUE(trial.config.Boolean("evaluate.int8"));
    EXPECT_THAT(trial.config.List("evaluate.bits"), testing::Contains("w8a4"));
  }
}

TEST_P(ReadySweep, HasATwin) {
  const std::string name = GetParam();
  if (name == "quickstart") return;
  const std::string twin = name.ends_with("-small") ? name.substr(0, name.size() - 6) : name + "-small";
  EXPECT_THAT(Names(), testing::Contains(twin));
}

// By what was measured on two cores: 6 layers × 192 take 1,200 steps of 16 × 64 tokens in 7 core-minutes with Adam and
// 11 with SOAP; other shapes in proportion to layers × width².
TEST_P(ReadySweep, TakesTwoCoresAtMostTwoHoursWhereItIsSmall) {
  if (!GetParam().ends_with("-small")) return;
  double core_minutes = 0;
  for (const PlannedTrial& trial : trials_) {
    const TrialConfig& config = trial.config;
    const auto number = [&](const char* key) { return static_cast<double>(config.Integer(key)); };
    const double tokens = number("train.steps") * number("train.batch_size") * number("model.context");
    const double size = number("model.layers") * number("model.width") * number("model.width");
    const double reference = config.Text("optimizer.name") == "soap" ? 11 : 7;
    core_minutes += reference * tokens / (1200.0 * 16 * 64) * size / (6.0 * 192 * 192);
  }
  EXPECT_LE(core_minutes / 2, 120);
}

INSTANTIATE_TEST_SUITE_P(Sweeps, ReadySweep, testing::ValuesIn(Names()),
                         [](const auto& info) { return std::regex_replace(info.param, std::regex("[^a-z0-9]"), "_"); });

}  // namespace
}  // namespace ofsweep
