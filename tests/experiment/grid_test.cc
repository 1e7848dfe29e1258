#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/sweep_spec.h"
#include "spec_text.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "block/optimizer/learning rate/seed" of each trial, in order.
std::vector<std::string> Arms(const std::string& yaml) {
  std::vector<std::string> arms;
  for (const PlannedTrial& trial : Expand(GoodSpec(yaml))) {
    arms.push_back(trial.config.Text("model.block") + "/" + trial.config.Text("optimizer.name") + "/" +
                   ToText(trial.config.Get("optimizer.learning_rate")) + "/" + ToText(trial.config.Get("seed")));
  }
  return arms;
}

TEST(Grid, IsSeedMajorSoThatAHalfFinishedSweepIsAFairTable) {
  EXPECT_THAT(Arms("name: x\ngrid: {model.block: [pre_norm, op], seed: [7, 0], optimizer.name: [adam, soap]}"),
              ElementsAre("pre_norm/adam/0.001/7", "pre_norm/soap/0.001/7", "op/adam/0.001/7", "op/soap/0.001/7",
                          "pre_norm/adam/0.001/0", "pre_norm/soap/0.001/0", "op/adam/0.001/0", "op/soap/0.001/0"));
}

TEST(Grid, ZippedKeysAdvanceTogether) {
  EXPECT_THAT(Arms("name: x\ngrid: {model.block: [pre_norm, op]}\n"
                   "zip:\n- {optimizer.name: [adam, soap], optimizer.learning_rate: [1e-3, 3e-3]}"),
              ElementsAre("pre_norm/adam/0.001/0", "pre_norm/soap/0.003/0", "op/adam/0.001/0", "op/soap/0.003/0"));
}

TEST(Grid, AnAxisThatMakesNoOtherTrialsIsRefused) {
  EXPECT_THAT(Mistakes("name: x\ngrid:\n  seed: [0, 1]\n  train.threads: [1, 2]\n"),
              ElementsAre(HasSubstr("/sweeps/x.yaml:4: train.threads: is no part of a trial's identity")));
  EXPECT_EQ(Expand(GoodSpec("name: x\nzip:\n- {train.threads: [1, 2], replica: [one, two]}")).size(), 2u);
  EXPECT_EQ(Expand(GoodSpec("name: x\ngrid: {train.threads: [2]}")).size(), 1u);
}

TEST(Grid, ALossOverOtherTokensIsRefused) {
  const std::string grid = "grid: {train.batch_size: [4, 8]}\n";
  EXPECT_THAT(Mistakes("name: x\ntrial: {evaluate.batches: 10}\n" + grid),
              ElementsAre(HasSubstr("/sweeps/x.yaml:2: evaluate.batches: ")));
  EXPECT_EQ(Expand(GoodSpec("name: x\n" + grid)).size(), 2u);
  EXPECT_EQ(Expand(GoodSpec("name: x\nzip:\n- {train.batch_size: [4, 8], evaluate.batches: [10, 5]}")).size(), 2u);
  EXPECT_EQ(Expand(GoodSpec("name: x\ngrid: {evaluate.batches: [5, 10]}")).size(), 2u);
}

TEST(Grid, ExplicitTrialsAreCrossedWithTheGrid) {
  EXPECT_THAT(Arms("name: x\ngrid: {seed: [0, 1]}\n"
                   "trials:\n- {model.block: op}\n- {optimizer: {name: soap, learning_rate: 3e-3}}"),
              ElementsAre("op/adam/0.001/0", "pre_norm/soap/0.003/0", "op/adam/0.001/1", "pre_norm/soap/0.003/1"));
}

TEST(Grid, SeedsInsideAZipAreStillMajor) {
  EXPECT_THAT(Arms("name: x\ngrid: {model.block: [pre_norm, op]}\n"
                   "zip:\n- {seed: [1, 0, 1], optimizer.learning_rate: [1e-3, 1e-3, 3e-3]}"),
              ElementsAre("pre_norm/adam/0.001/1", "op/adam/0.001/1", "pre_norm/adam/0.003/1", "op/adam/0.003/1",
                          "pre_norm/adam/0.001/0", "op/adam/0.001/0"));
}

TEST(Grid, ExcludedTrialsAreLeftOut) {
  EXPECT_THAT(Arms("name: x\ngrid: {model.block: [pre_norm, op], optimizer.name: [adam, soap]}\n"
                   "exclude:\n- {model.block: op, optimizer.name: soap}"),
              ElementsAre("pre_norm/adam/0.001/0", "pre_norm/soap/0.001/0", "op/adam/0.001/0"));
}

TEST(Grid, AnExclusionMatchesAutoAsItIsWrittenAndAsItIsResolved) {
  const std::string grid = "name: x\ngrid: {model.ffn_width: [auto, 100]}\nexclude:\n- {model.ffn_width: ";
  EXPECT_EQ(Expand(GoodSpec(grid + "auto}")).size(), 1u);
  EXPECT_EQ(Expand(GoodSpec(grid + "768}")).size(), 1u);
}

// Of keys whose `auto` is another value each, an entry may name any of the two.
TEST(Grid, AnExclusionMayNameOneKeyAsItIsWrittenAndAnotherAsItIsResolved) {
  const TrialConfig resolved = Expand(GoodSpec("name: x")).at(0).config;
  const std::string norm = ToText(resolved.Get("model.final_norm"));
  const std::string width = ToText(resolved.Get("model.ffn_width"));
  for (const std::string& entry :
       {"model.ffn_width: auto, model.final_norm: " + norm, "model.ffn_width: " + width + ", model.final_norm: auto",
        "model.ffn_width: " + width + ", model.final_norm: " + norm}) {
    const std::string others = "- {model.ffn_width: 17, model.final_norm: auto, seed: 0}\n";
    const std::string sweep = "name: x\ngrid: {seed: [0, 1]}\nexclude:\n- {" + entry + ", seed: 1}\n";
    EXPECT_EQ(Expand(GoodSpec(sweep)).size(), 1u) << entry;
    EXPECT_THAT(Mistakes(sweep + others), ElementsAre(HasSubstr(":5: exclude: an entry matches no trial"))) << entry;
  }
}

TEST(Grid, AnEntryThatStandsTwiceMatchesTwice) {
  EXPECT_THAT(Mistakes("name: x\ngrid: {seed: [0, 1]}\nexclude: [{seed: 1}, {seed: 1}, {}]"),
              ElementsAre(HasSubstr("exclude: leaves none of the 2 trials")));
  EXPECT_EQ(Expand(GoodSpec("name: x\ngrid: {seed: [0, 1]}\nexclude: [{seed: 1}, {seed: 1}]")).size(), 1u);
}

// Each trial compared with each entry would be 10^9 comparisons.
TEST(Grid, ManyExclusionsOfManyTrialsTakeNoLonger) {
  std::string seeds, entries;
  for (int seed = 0; seed < 50'000; ++seed) seeds += std::to_string(seed) + ",";
  for (int seed = 0; seed < 20'000; ++seed) entries += "- {seed: " + std::to_string(2 * seed) + "}\n";
  const SweepSpec spec = GoodSpec("name: x\ngrid: {seed: [" + seeds + "]}\nexclude:\n" + entries);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(CountCombinations(spec), 30'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Grid, AnExclusionThatLeavesNothingOutIsAMistake) {
  EXPECT_THAT(Mistakes("name: x\ngrid: {seed: [0, 1]}\nexclude:\n- {seed: 1}\n- {seed: 7}"),
              ElementsAre(HasSubstr("/sweeps/x.yaml:5: exclude: an entry matches no trial of this sweep")));
}

TEST(Grid, EqualCellsAreTrainedOnce) {
  EXPECT_THAT(Arms("name: x\ngrid: {optimizer.refresh_every: [5, 10], optimizer.name: [adam]}"),
              ElementsAre("pre_norm/adam/0.001/0"));
}

TEST(Grid, APresetInTheGridStandsBelowTheKeysOfTrial) {
  const auto trials = Expand(GoodSpec("name: x\ntrial: {model.layers: 3}\ngrid: {model.preset: [nano, opt-125m]}"));
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(trials[0].config.Integer("model.width"), 192);
  EXPECT_EQ(trials[1].config.Integer("model.width"), 768);
  EXPECT_EQ(trials[1].config.Integer("model.layers"), 3);
}

TEST(Grid, ABillionTrialsAreRefusedWithTheCount) {
  std::string thousand = "[0";
  for (int i = 1; i < 1000; ++i) thousand += "," + std::to_string(i);
  thousand += "]";
  EXPECT_THAT(Mistakes("name: x\ngrid: {seed: " + thousand +
                       ", train.batch_size: " + std::string(thousand).replace(1, 1, "1000") +
                       ", train.steps: " + std::string(thousand).replace(1, 1, "1000") + "}"),
              ElementsAre(HasSubstr("grid: spans 1000000000 trials, more than the 1000000 a sweep may have")));
}

TEST(Grid, NothingLeftIsAMistake) {
  EXPECT_THAT(Mistakes("name: x\ngrid: {seed: [0, 1]}\nexclude:\n- {model.block: pre_norm}"),
              ElementsAre(HasSubstr("exclude: leaves none of the 2 trials")));
}

TEST(Grid, CombinationsAreWhatExclusionsLeaveThoseOfOneTrialToo) {
  const std::string grid = "name: x\ngrid: {optimizer.learning_rate: [1e-3, 0.001, 2e-3], seed: [0, 1]}\n";
  EXPECT_EQ(CountCombinations(GoodSpec(grid)), 6u);
  const std::string left = grid + "exclude: [{optimizer.learning_rate: 2e-3, seed: 1}]";
  EXPECT_EQ(CountCombinations(GoodSpec(left)), 5u);
  EXPECT_EQ(Expand(GoodSpec(left)).size(), 3u);
}

TEST(Grid, KeysThatContradictEachOtherAreReportedOnceWithTheirLine) {
  EXPECT_THAT(Mistakes("name: x\ngrid:\n  model.heads: [6, 7]\n  seed: [0, 1, 2]"),
              ElementsAre(HasSubstr("/sweeps/x.yaml:3: model.heads: model.width 192 is not divisible by 7 heads")));
}

TEST(Grid, AHundredThousandTrialsHaveAHundredThousandIdentities) {
  std::string seeds = "[0";
  for (int i = 1; i < 1000; ++i) seeds += "," + std::to_string(i);
  std::string rates = "[1e-3";
  for (int i = 1; i < 100; ++i) rates += "," + ShortestNumber(1e-3 + i * 1e-5);
  const SweepSpec spec = GoodSpec("name: x\ngrid: {seed: " + seeds + "], optimizer.learning_rate: " + rates + "]}");
  std::vector<Problem> problems;
  EXPECT_EQ(ExpandSweep(spec, kSpecFile, problems, [](const PlannedTrial&) {}), 100'000u);
}

TEST(Grid, EndsWhereItsCallerHasGone) {
  const SweepSpec spec = GoodSpec("name: x\ngrid: {seed: [0, 1, 2, 3, 4, 5]}\nexclude: [{seed: 5}]");
  std::vector<Problem> problems;
  std::size_t visited = 0;
  ExpandSweep(
      spec, kSpecFile, problems, [&](const PlannedTrial&) { ++visited; }, [&] { return visited == 2; });
  EXPECT_EQ(visited, 2u);
  EXPECT_TRUE(problems.empty()) << "what was not reached is no mistake";
}

}  // namespace
}  // namespace ofsweep
