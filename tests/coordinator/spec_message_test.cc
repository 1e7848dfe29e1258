#include "coordinator/spec_message.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::SweepSpec Message(const std::string& json) {
  v1::SweepSpec message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok());
  return message;
}

std::vector<std::string> Blocks(const SweepSpec& spec, std::vector<Problem>& problems) {
  std::vector<std::string> trials;
  ExpandSweep(spec, "", problems, [&](const PlannedTrial& trial) {
    trials.push_back(trial.config.Text("model.block") + " " + std::to_string(trial.config.Integer("seed")) + " " +
                     std::to_string(trial.config.Integer("train.steps")));
  });
  return trials;
}

TEST(SpecMessage, MeansTheSameAsTheFile) {
  const auto message = Message(R"({
    "name": "s", "trial": {"train": {"steps": 600}, "optimizer.learning_rate": 0.0025},
    "grid": {"seed": [1, 0], "model": {"block": ["op", "pre_norm"]}},
    "exclude": [{"model.block": "op", "seed": 0}]})");
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(SpecText(message, problems), "", problems);
  EXPECT_EQ(spec.name, "s");
  EXPECT_THAT(Blocks(spec, problems), ElementsAre("op 1 600", "pre_norm 1 600", "pre_norm 0 600"));
  EXPECT_THAT(ToText(problems), IsEmpty());
}

TEST(SpecMessage, WritesTheSameTextWhateverTheOrderOfTheFields) {
  const auto one =
      Message(R"({"name": "s", "grid": {"seed": [0], "model.block": ["op"], "optimizer.name": ["adam"]}})");
  const auto other =
      Message(R"({"name": "s", "grid": {"optimizer.name": ["adam"], "model.block": ["op"], "seed": [0]}})");
  std::vector<Problem> problems;
  EXPECT_EQ(SpecText(one, problems), SpecText(other, problems));
}

TEST(SpecMessage, MistakesAreFoundLikeThoseOfAFile) {
  const auto message = Message(R"({"name": "s", "trial": {
    "optimizer": {"learning_rat": 1}, "train.steps": 1.5, "data": {"source": "text", "path": "corpus.txt"}}})");
  std::vector<Problem> problems;
  ParseSweepSpec(SpecText(message, problems), "", problems);
  std::vector<std::string> keys;
  for (const Problem& problem : problems) keys.push_back(problem.key);
  EXPECT_THAT(keys, ::testing::UnorderedElementsAre("optimizer.learning_rat", "train.steps", "data.path"));
}

TEST(SpecMessage, AKeyIsGivenOnce) {
  std::vector<Problem> problems;
  SpecText(Message(R"({"name": "s", "trial": {"model.layers": 1, "model": {"layers": 2}}})"), problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "model.layers");
}

}  // namespace
}  // namespace ofsweep
