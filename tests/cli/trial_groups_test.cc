#include "cli/trial_groups.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Trial Labelled(const std::string& id, const std::string& label) {
  v1::Trial trial;
  trial.set_trial_id(id);
  trial.set_label(label);
  for (const char* key : {"model.block", "optimizer.name", "optimizer.learning_rate", "data.path"}) {
    (*trial.mutable_config()->mutable_fields())[key];
  }
  return trial;
}

const std::vector<v1::Trial>& FourTrials() {
  static const std::vector<v1::Trial> trials = {
      Labelled("a", "model.block=op optimizer.learning_rate=0.001 seed=0"),
      Labelled("b", "model.block=op optimizer.learning_rate=0.003 seed=0"),
      Labelled("c", "model.block=op optimizer.learning_rate=0.001 seed=1"),
      Labelled("d", "model.block=pre_norm optimizer.learning_rate=0.001 seed=0"),
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
  const auto groups = *TrialGroups::Of({Labelled("a", "data.path=my texts/x=1 seed=0")}, {});
  EXPECT_THAT(groups.groups(), ElementsAre("my texts/x=1"));
}

}  // namespace
}  // namespace ofsweep
