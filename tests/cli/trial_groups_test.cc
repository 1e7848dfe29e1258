#include "cli/trial_groups.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Trial Of(const std::string& id, const std::string& arm_keys, int seed) {
  v1::Trial trial;
  trial.set_trial_id(id);
  trial.set_arm_keys(arm_keys);
  (*trial.mutable_results())["seed"] = seed;
  return trial;
}

const std::vector<v1::Trial>& FourTrials() {
  static const std::vector<v1::Trial> trials = {
      Of("a", R"({"model.block": "op", "optimizer.learning_rate": 0.001})", 0),
      Of("b", R"({"model.block": "op", "optimizer.learning_rate": 0.003})", 0),
      Of("c", R"({"model.block": "op", "optimizer.learning_rate": 0.001})", 1),
      Of("d", R"({"model.block": "pre_norm", "optimizer.learning_rate": 0.001})", 0),
  };
  return trials;
}

TEST(TrialGroups, AreTheArmsInTheSweepsOrder) {
  const auto groups = *TrialGroups::Of(FourTrials(), {});
  EXPECT_THAT(groups.groups(),
              ElementsAre("op · learning rate 0.001", "op · learning rate 0.003", "pre_norm · learning rate 0.001"));
  EXPECT_THAT(groups.panels(), ElementsAre(""));
  EXPECT_EQ(groups.Find("c")->group, 0u);
  EXPECT_EQ(groups.Find("d")->group, 2u);
  EXPECT_FALSE(groups.Find("e").has_value());
}

TEST(TrialGroups, PanelsTakeTheirKeysFromTheGroups) {
  const auto groups = *TrialGroups::Of(FourTrials(), {.panels = {"model.block"}});
  EXPECT_THAT(groups.panels(), ElementsAre("op", "pre_norm"));
  EXPECT_THAT(groups.groups(), ElementsAre("learning rate 0.001", "learning rate 0.003"));
  EXPECT_EQ(groups.Find("d"), (FigurePlace{.panel = 1, .group = 0}));
}

TEST(TrialGroups, AreByTheKeysAskedFor) {
  EXPECT_THAT(TrialGroups::Of(FourTrials(), {.groups = {{"seed"}}})->groups(), ElementsAre("seed 0", "seed 1"));
}

TEST(TrialGroups, AKeyThatIsNotVariedIsRefusedWithThoseThatAre) {
  const auto refused = TrialGroups::Of(FourTrials(), {.groups = {{"optimizer.name"}}, .panels = {"model.blok"}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("--group-by"), HasSubstr("it varies model.block, optimizer.learning_rate, seed"),
                    HasSubstr("--panels"), HasSubstr("did you mean model.block?")));
}

TEST(TrialGroups, AValueMayHaveSpacesAndEqualsSigns) {
  const auto groups = *TrialGroups::Of({Of("a", R"({"data.path": "my texts/x=1 seed=0"})", 0)}, {});
  EXPECT_THAT(groups.groups(), ElementsAre("my texts/x=1 seed=0"));
}

TEST(TrialGroups, WhatDivergedKeepsTheGroupsPlacesAndIsInNone) {
  std::vector<v1::Trial> trials = FourTrials();
  trials[0].set_state("diverged");
  trials[2].set_state("diverged");
  const auto groups = *TrialGroups::Of(trials, {}, /*drops_diverged=*/true);
  EXPECT_FALSE(groups.Find("a").has_value());
  EXPECT_EQ(groups.Find("b")->group, 1u) << "as in the figure of all, so that it has the same colour";
  EXPECT_EQ(groups.Find("d")->group, 2u);
  EXPECT_THAT(groups.only(), ElementsAre("b", "d"));
}

TEST(TrialGroups, SayWhichKeysTheirTrialsDifferIn) {
  EXPECT_THAT(TrialGroups::Of(FourTrials(), {})->pooled(), ElementsAre());
  EXPECT_THAT(TrialGroups::Of(FourTrials(), {.groups = {{"model.block"}}})->pooled(),
              ElementsAre("optimizer.learning_rate"));
}

}  // namespace
}  // namespace ofsweep
