#include "cli/checkpoint_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

v1::Trial SavedEvery(double steps) {
  v1::Trial trial;
  (*trial.mutable_config()->mutable_fields())["train.checkpoint_every"].set_number_value(steps);
  return trial;
}

v1::Trial SavedByTime() {
  v1::Trial trial;
  (*trial.mutable_config()->mutable_fields())["train.checkpoint_every"].set_string_value("auto");
  return trial;
}

TEST(CheckpointText, CheckpointsAreWrittenUnlessTheKeySaysNever) {
  EXPECT_TRUE(WritesCheckpoints(SavedByTime()));
  EXPECT_TRUE(WritesCheckpoints(SavedEvery(10)));
  EXPECT_FALSE(WritesCheckpoints(SavedEvery(0)));
  EXPECT_TRUE(WritesCheckpoints(v1::Trial()));
}

TEST(CheckpointText, AStoppedRunPromisesOnlyWhatIsTrue) {
  for (const auto& kept : {std::vector<v1::Trial>{}, {SavedByTime(), SavedEvery(10)}}) {
    const StopText text = DescribeStop(kept);
    EXPECT_THAT(text.stopping, HasSubstr("write their checkpoints"));
    EXPECT_THAT(text.stopped, AllOf(HasSubstr("Nothing is lost"), HasSubstr("the same command continues")));
  }
  const StopText none = DescribeStop({SavedEvery(0), SavedEvery(0)});
  EXPECT_THAT(none.stopping, AllOf(HasSubstr("lost"), HasSubstr("train.checkpoint_every: 0")));
  EXPECT_THAT(none.stopped, AllOf(Not(HasSubstr("Nothing is lost")), HasSubstr("begin anew"),
                                  HasSubstr("train.checkpoint_every: 0"), HasSubstr("the same command continues")));
  const StopText some = DescribeStop({SavedEvery(0), SavedByTime(), SavedByTime()});
  EXPECT_THAT(some.stopping, AllOf(HasSubstr("write their checkpoints"), HasSubstr("1 of 3")));
  EXPECT_THAT(some.stopped, AllOf(Not(HasSubstr("Nothing is lost")), HasSubstr("1 of 3 trials that ran begin anew")));
}

}  // namespace
}  // namespace ofsweep
