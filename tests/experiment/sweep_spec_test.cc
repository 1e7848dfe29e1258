#include "experiment/sweep_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "spec_text.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(SweepSpec, ReportsEveryMistakeAtOnceWithFileLineKeyAndFix) {
  EXPECT_THAT(
      Mistakes(R"(
name: my sweep
trial:
  model: {blok: op}
  optimizer.learning_rate: fast
gird: {}
grid:
  seed: []
  train.steps: 5
)"),
      ElementsAre(
          "/sweeps/x.yaml:4: model.blok: unknown key; did you mean model.block?",
          "/sweeps/x.yaml:5: optimizer.learning_rate: expected a number > 0 and ≤ 1000, got \"fast\"",
          "/sweeps/x.yaml:6: gird: unknown section; did you mean grid?",
          "/sweeps/x.yaml:8: seed: the list is empty, so the grid has no trial; give at least one value, or drop the "
          "key",
          "/sweeps/x.yaml:9: train.steps: expected a list of values; write it as [a, b]",
          "/sweeps/x.yaml:2: name: \"my sweep\" is no name for a sweep; use letters, digits, '.', '_' and '-', at "
          "most 100, beginning with a letter or digit"));
}

TEST(SweepSpec, ANameIsNeeded) {
  EXPECT_THAT(Mistakes("trial: {}"), ElementsAre(HasSubstr("name: is missing")));
}

TEST(SweepSpec, SaysOfTheSweepItselfWhatIsNoPartOfItsTrials) {
  const std::string trials = "\ngrid: {seed: [0, 1]}\n";
  const SweepSpec spec = GoodSpec(
      "name: x\ndescription: |\n  Two lines,\n  as written.\ntags: [soap, paper, soap]\n"
      "priority: -5\nkeep: {checkpoints: all}" +
      trials);
  EXPECT_EQ(spec.attributes.description, "Two lines,\nas written.\n");
  EXPECT_THAT(spec.attributes.tags, ElementsAre("paper", "soap"));
  EXPECT_EQ(spec.attributes.priority, -5);
  EXPECT_EQ(spec.attributes.keep_checkpoints, KeepCheckpoints::kAll);
  EXPECT_EQ(GoodSpec("name: x\nkeep.checkpoints: none" + trials).attributes.keep_checkpoints, KeepCheckpoints::kNone);
  const SweepSpec plain = GoodSpec("name: x" + trials);
  EXPECT_EQ(plain.attributes, SweepAttributes());
  EXPECT_EQ(Expand(spec).front().config_hash, Expand(plain).front().config_hash);
}

TEST(SweepSpec, WhatItSaysOfTheSweepItselfIsChecked) {
  EXPECT_THAT(Mistakes("name: x\ndescription: [a]"), ElementsAre(HasSubstr("x.yaml:2: description: expected a text")));
  EXPECT_THAT(Mistakes("name: x\ndescription: \"a\\eb\""), ElementsAre(HasSubstr("has control characters")));
  EXPECT_THAT(Mistakes("name: x\ntags: paper"), ElementsAre(HasSubstr("tags: expected a list")));
  EXPECT_THAT(Mistakes("name: x\ntags: [a b]"), ElementsAre(HasSubstr("tags: \"a b\" is no tag")));
  EXPECT_THAT(Mistakes("name: x\ntags: [[a]]"), ElementsAre(HasSubstr("tags: a list is no tag")));
  for (const char* wrong : {"high", "1001", "-1001", "1.5", "[1]"}) {
    EXPECT_THAT(Mistakes(absl::StrCat("name: x\npriority: ", wrong)),
                ElementsAre(HasSubstr("priority: expected a whole number from -1000 to 1000")))
        << wrong;
  }
  EXPECT_THAT(Mistakes("name: x\nkeep: {checkpoints: some}"),
              ElementsAre(HasSubstr("keep.checkpoints: expected none, last or all, got \"some\"")));
  EXPECT_THAT(Mistakes("name: x\nkeep: {logs: all}"), ElementsAre(HasSubstr("keep: expected checkpoints alone")));
  EXPECT_THAT(Mistakes("name: x\nkeep: all"), ElementsAre(HasSubstr("keep: expected checkpoints alone")));
  EXPECT_THAT(Mistakes("name: x\nkeep: {checkpoints: all}\nkeep.checkpoints: all"),
              ElementsAre(HasSubstr("keep.checkpoints: is given twice")));
  EXPECT_THAT(Mistakes("name: x\nprioritty: 1"), ElementsAre(HasSubstr("did you mean priority?")));
}

TEST(SweepSpec, TrialKeysAtTheTopLevelAreSentToTheirPlace) {
  EXPECT_THAT(Mistakes("name: x\nseed: 1"), ElementsAre(HasSubstr("put trial keys under trial: or grid:")));
}

TEST(SweepSpec, AKeyIsVariedOnce) {
  EXPECT_THAT(Mistakes("name: x\ntrial: {seed: 1}\ngrid: {seed: [1, 2]}"),
              ElementsAre(HasSubstr("seed: is fixed under trial and varied too")));
  EXPECT_THAT(Mistakes("name: x\ngrid: {seed: [1]}\nzip:\n- {seed: [1]}"),
              ElementsAre(HasSubstr("seed: is varied twice")));
  EXPECT_THAT(Mistakes("name: x\ntrial: {model: {block: op}, model.block: op}"), ElementsAre(HasSubstr("given twice")));
}

TEST(SweepSpec, ASectionIsGivenOnceWithBothLinesNamed) {
  EXPECT_THAT(Mistakes("name: x\ntrial: {seed: 1}\ntrial: {train.steps: 5}"),
              ElementsAre(HasSubstr("/sweeps/x.yaml:3: trial: is given twice, first in line 2")));
  EXPECT_THAT(Mistakes("name: x\ntrial:\n  model: {width: 8}\n  model: {heads: 2}\n"),
              ElementsAre(HasSubstr("/sweeps/x.yaml:4: model: is given twice, first in line 3")));
  EXPECT_THAT(Mistakes("name: x\nname: y"), ElementsAre(HasSubstr("name: is given twice, first in line 1")));
}

TEST(SweepSpec, AFileHoldsOneSweep) {
  EXPECT_THAT(Mistakes("name: x\n---\nname: y"), ElementsAre(HasSubstr("/sweeps/x.yaml:3: begins a second document")));
  EXPECT_THAT(Mistakes("---\nname: x\n---\n"), testing::IsEmpty());
}

TEST(SweepSpec, NumbersFitTheArithmeticOfTheTrainer) {
  EXPECT_THAT(Mistakes("name: x\ntrial: {optimizer.epsilon: 0}"), ElementsAre(HasSubstr("expected a number > 0")));
  for (const char* wrong : {"optimizer.epsilon: 1e-50", "model.norm_epsilon: 1e-50", "optimizer.learning_rate: 1e-60",
                            "optimizer.weight_decay: 1e-60", "train.clip_norm: 1e39"}) {
    EXPECT_THAT(Mistakes(absl::StrCat("name: x\ntrial: {", wrong, "}")), ElementsAre(HasSubstr("in float32"))) << wrong;
  }
  EXPECT_THAT(Mistakes("name: x\ntrial: {optimizer.epsilon: 1e-30, train.clip_norm: 1e38}"), testing::IsEmpty());
  EXPECT_THAT(Mistakes("name: x\ntrial: {optimizer.epsilon: 1e-50, train.precision: fp64}"), testing::IsEmpty());
}

TEST(SweepSpec, AllMetricsAreNamedAlone) {
  EXPECT_THAT(Mistakes("name: x\ntrial: {measure.metrics: [all, rms]}"), ElementsAre(HasSubstr("name all alone")));
  EXPECT_THAT(Mistakes("name: x\ntrial: {measure.metrics: [all]}"), testing::IsEmpty());
}

TEST(SweepSpec, ZippedListsMustBeEquallyLong) {
  EXPECT_THAT(Mistakes("name: x\nzip:\n- {seed: [1, 2], train.steps: [5]}"),
              ElementsAre(HasSubstr("train.steps: has 1 values, but seed beside it has 2")));
}

TEST(SweepSpec, BrokenYamlNamesTheLine) {
  EXPECT_THAT(Mistakes("name: x\ntrial: {a: [}"), ElementsAre(HasSubstr("/sweeps/x.yaml:2: is not YAML")));
}

TEST(SweepSpec, PathsStartAtTheFile) {
  const SweepSpec spec = GoodSpec("name: x\ntrial: {data: {source: text, path: corpus/a.txt}}");
  EXPECT_EQ(spec.trial.at("data.path"), Value(std::string("/sweeps/corpus/a.txt")));
}

TEST(SweepSpec, AProgramMustGiveAbsolutePaths) {
  std::vector<Problem> problems;
  ParseSweepSpec(R"({"name": "x", "trial": {"data.path": "a.txt"}})", "", problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "data.path");
  EXPECT_EQ(problems[0].fix, "give an absolute path");
}

}  // namespace
}  // namespace ofsweep
