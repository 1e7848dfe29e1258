#include "cli/set_option.h"

#include <gmock/gmock.h>

#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string With(std::string text, const std::vector<std::string>& assignments) {
  const absl::Status status = AddSetSection(assignments, "x.yaml", text);
  return status.ok() ? text : std::string(status.message());
}

std::int64_t Steps(const std::string& text) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(text, "/x.yaml", problems);
  EXPECT_THAT(problems, IsEmpty()) << text;
  return std::get<std::int64_t>(spec.trial.at("train.steps"));
}

TEST(SetOption, TheTextOfTheFileStaysAndItsEndSaysWhatWasSet) {
  const std::string file = "name: x  # why\ntrial: {train.steps: 600}\n";
  const std::string text = With(file, {"train.steps=7", "optimizer.learning_rate=1e-3"});
  EXPECT_EQ(text, file + "# Given by --set.\nset:\n  train.steps: 7\n  optimizer.learning_rate: 1e-3\n");
  EXPECT_EQ(Steps(text), 7);
  EXPECT_EQ(With(file, {}), file);
}

TEST(SetOption, FilesOfEveryStyleTakeIt) {
  for (const char* file :
       {"name: x", "  name: x\n  trial:\n    train.steps: 600", "{name: x, trial: {train.steps: 5}}\n",
        R"({"name": "x", "trial": {"train": {"steps": 5}}})", "---\nname: x\n"}) {
    EXPECT_EQ(Steps(With(file, {"train.steps=7"})), 7) << file;
  }
}

TEST(SetOption, ValuesAreYaml) {
  std::vector<Problem> problems;
  const SweepSpec spec =
      ParseSweepSpec(With("name: x\n", {"evaluate.bits=[w8a5, w8a4]", "replica='a: b'", "data.path=corpus"}),
                     "/sweeps/x.yaml", problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(ToText(spec.trial.at("evaluate.bits")), "[w8a5, w8a4]");
  EXPECT_EQ(ToText(spec.trial.at("replica")), "a: b");
  EXPECT_EQ(ToText(spec.trial.at("data.path")), "/sweeps/corpus") << "relative to the file, as in it";
}

TEST(SetOption, WhatIsNoAssignmentIsToldWithHowToWriteOne) {
  EXPECT_THAT(With("name: x", {"train.steps"}), HasSubstr("write one like optimizer.learning_rate=1e-3"));
  EXPECT_THAT(With("name: x", {"model={width: 64}"}), StartsWith("--set model={width: 64}: expected one value"));
  EXPECT_THAT(With("name: x", {"seed=[1"}), StartsWith("--set seed=[1: the value is not YAML"));
  EXPECT_THAT(With("name: x\nset: {seed: 1}\n", {"seed=2"}), StartsWith("x.yaml: has a section set already"));
  EXPECT_THAT(With("name: x\n...\n", {"seed=2"}), StartsWith("x.yaml: --set cannot be added"));
}

TEST(SetOption, KeysThatContradictEachOtherNameTheOption) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(With("name: x\n", {"model.heads=7"}), "/x.yaml", problems);
  ExpandSweep(spec, "/x.yaml", problems, [](const PlannedTrial&) {});
  EXPECT_THAT(ToText(problems), StartsWith("/x.yaml: --set model.heads=7: "));
}

}  // namespace
}  // namespace ofsweep
