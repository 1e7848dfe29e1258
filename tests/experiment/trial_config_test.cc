#include "experiment/trial_config.h"
#include "experiment/flat_json.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ofsweep {
namespace {

TrialConfig Resolved(const Overrides& overrides) {
  TrialConfig config = TrialConfig::FromOverrides(overrides);
  ResolveAuto(config);
  return config;
}

TEST(TrialConfig, PreNormResolvesToItsConventions) {
  const TrialConfig config = Resolved({});
  EXPECT_EQ(config.Integer("model.ffn_width"), 768);
  EXPECT_EQ(config.Integer("model.vocabulary"), 2048);
  EXPECT_EQ(config.Text("model.final_norm"), "layer_norm");
  EXPECT_EQ(config.Text("model.entropy_regulation"), "none");
  EXPECT_EQ(config.Number("model.residual_scale"), 1.0);
  EXPECT_EQ(config.Number("optimizer.beta1"), 0.9);
  EXPECT_EQ(config.Number("optimizer.beta2"), 0.999);
}

TEST(TrialConfig, OutlierProtectedBlockResolvesToItsConventions) {
  const TrialConfig config = Resolved({{"model.block", std::string("op")}, {"optimizer.name", std::string("soap")}});
  EXPECT_EQ(config.Text("model.entropy_regulation"), "qk_norm");
  EXPECT_DOUBLE_EQ(config.Number("model.residual_scale"), 0.2 * std::sqrt(3.0));
  EXPECT_EQ(config.Number("optimizer.beta1"), 0.95);
}

TEST(TrialConfig, PostNormHasNoFinalNorm) {
  EXPECT_EQ(Resolved({{"model.block", std::string("post_norm")}}).Text("model.final_norm"), "none");
}

TEST(TrialConfig, KeysBesideAPresetOverrideIt) {
  const TrialConfig config = Resolved({{"model.preset", std::string("opt-125m")}, {"model.layers", std::int64_t{2}}});
  EXPECT_EQ(config.Integer("model.width"), 768);
  EXPECT_EQ(config.Integer("model.layers"), 2);
  EXPECT_EQ(config.Text("model.bias"), "all");
}

TEST(TrialConfig, WhatTheMachineDecidesStaysAuto) {
  const TrialConfig config = Resolved({});
  for (const char* key : {"train.device", "train.precision", "train.threads", "train.micro_batch_size"}) {
    EXPECT_TRUE(config.IsAuto(key)) << key;
  }
}

TEST(TrialConfig, ReadingAKeyAsAnotherTypeIsAnErrorOfTheProgram) {
  EXPECT_THROW(TrialConfig().Integer("model.ffn_width"), std::logic_error);
  EXPECT_THROW(TrialConfig().Number("model.block"), std::logic_error);
}

TEST(TrialJson, NestedAndDottedMeanTheSame) {
  std::vector<Problem> problems;
  const TrialConfig nested =
      ParseTrialJson(R"({"model": {"layers": 2, "block": "op"}, "seed": 3})", "/t/trial.json", problems);
  const TrialConfig dotted =
      ParseTrialJson(R"({"model.layers": 2, "model.block": "op", "seed": 3})", "/t/trial.json", problems);
  EXPECT_EQ(ToText(problems), "");
  EXPECT_EQ(nested, dotted);
}

TEST(TrialJson, WhatIsWrittenReadsBackTheSame) {
  TrialConfig config = Resolved({{"optimizer.learning_rate", 2.5e-3}, {"model.block", std::string("op")}});
  std::vector<Problem> problems;
  EXPECT_EQ(ParseTrialJson(ToNestedJson(config).dump(), "/t/trial.json", problems), config);
  EXPECT_EQ(ParseTrialJson(ToFlatJson(config).dump(2), "/t/trial.json", problems), config);
  EXPECT_EQ(ToText(problems), "");
}

TEST(TrialJson, WhatIsStoredReadsBackTheSame) {
  TrialConfig config = TrialConfig::FromOverrides({{"optimizer.epsilon", 1e-12},
                                                   {"data.path", std::string("/corpora/a.txt")},
                                                   {"evaluate.bits", std::vector<std::string>{"w8a5", "w8a4"}},
                                                   {"model.tie_embeddings", false},
                                                   {"seed", std::int64_t{3}}});
  EXPECT_EQ(ReadFlatJson(ToFlatJson(config).dump()), config);
  ResolveAuto(config);
  EXPECT_EQ(ReadFlatJson(ToFlatJson(config).dump()), config);
  EXPECT_EQ(ReadFlatJson(R"({"model.layer": 2})"), std::nullopt);
  EXPECT_EQ(ReadFlatJson(R"({"model.layers": "many"})"), std::nullopt);
}

TEST(TrialJson, RelativePathsStartAtTheFile) {
  std::vector<Problem> problems;
  const TrialConfig config =
      ParseTrialJson(R"({"data": {"source": "tokens", "path": "../tokens.bin"}})", "/t/case/trial.json", problems);
  EXPECT_EQ(config.Text("data.path"), "/t/tokens.bin");
}

TEST(TrialJson, ReportsEveryMistakeWithItsLine) {
  std::vector<Problem> problems;
  ParseTrialJson("{\"model\": {\"layer\": 2},\n \"train.steps\": \"x\",\n \"seed\": -1}", "/t/trial.json", problems);
  EXPECT_EQ(ToText(problems),
            "/t/trial.json:1: model.layer: unknown key; did you mean model.layers?\n"
            "/t/trial.json:2: train.steps: expected an integer ≥ 1 and ≤ 1000000000, got \"x\"\n"
            "/t/trial.json:3: seed: expected an integer ≥ 0 and ≤ 9007199254740992, got \"-1\"");
}

TEST(TrialJson, TruncatedTextIsAnErrorThatNamesTheFile) {
  std::vector<Problem> problems;
  ParseTrialJson("{\"model\": {", "/t/trial.json", problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].file, "/t/trial.json");
}

TEST(TrialJson, KeysThatContradictEachOtherAreNamed) {
  std::vector<Problem> problems;
  ParseTrialJson(R"({"model": {"width": 100, "heads": 6}, "data": {"source": "text"},
                     "train": {"batch_size": 6, "micro_batch_size": 4}})",
                 "/t/trial.json", problems);
  std::vector<std::string> keys;
  for (const Problem& problem : problems) keys.push_back(problem.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"model.heads", "data.path", "train.micro_batch_size"}));
}

}  // namespace
}  // namespace ofsweep
