// A sweep that is deleted is gone from what users read, whole or not at all.

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/store_fixture.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Series kTrainLoss{"train_loss", std::nullopt, ""};

absl::Status Delete(Store& store, const std::string& sweep, std::vector<AttemptName> begun = {}) {
  StateChange change;
  change.deletion = {.sweep = sweep, .begun_trials = std::move(begun)};
  return store.Apply(std::move(change)).get();
}

void Push(Store& store, const std::string& trial, std::int64_t step) {
  Must(store.AppendPoints({trial}, 0, ColumnsOf({MakeStep(step, {{kTrainLoss, 4}})})).get());
}

class Deletion : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
};

TEST_F(Deletion, TakesTheSweepAndItsOwnTrialsAndLeavesWhatAnotherSweepHolds) {
  const auto store = OpenStore(path_);
  InsertTrials(*store, "old", {MakeTrial("own"), MakeTrial("shared")});
  InsertTrials(*store, "new", {MakeTrial("shared"), MakeTrial("other")});
  for (const char* trial : {"own", "shared", "other"}) Push(*store, trial, 1);
  ASSERT_TRUE(Delete(*store, "old", {{"own", 3}}).ok());
  EXPECT_THAT(Sql(path_, "SELECT sweep, trial_id FROM results ORDER BY 2"), ElementsAre("new|other", "new|shared"));
  EXPECT_THAT(Sql(path_, "SELECT DISTINCT trial_id FROM curves ORDER BY 1"), ElementsAre("other", "shared"));
  EXPECT_EQ(Must(store->FindTrial("own")), std::nullopt);
  const std::vector<DeletedTrial> deleted = Must(store->ListDeletedTrials());
  ASSERT_EQ(deleted.size(), 1u);
  EXPECT_EQ(deleted[0].newest, (AttemptName{"own", 3}));
  EXPECT_EQ(Delete(*store, "old").code(), absl::StatusCode::kNotFound);
}

TEST_F(Deletion, PointsGoThoughThereAreMoreThanOneTransactionRemoves) {
  const auto store = OpenStore(path_, /*seal_every_steps=*/1000);
  InsertTrials(*store, "sweep", {MakeTrial("trial")});
  std::vector<StepPoints> steps;
  for (std::int64_t step = 0; step < 20'000; ++step) {
    steps.push_back(MakeStep(step, {{kTrainLoss, 4}}));
  }
  Must(store->AppendPoints({"trial"}, 0, ColumnsOf(steps)).get());
  ASSERT_TRUE(Delete(*store, "sweep").ok());
  EXPECT_TRUE(WaitUntil([&] {
    return Sql(path_, "SELECT (SELECT count(*) FROM sealed_points) + (SELECT count(*) FROM recent_points)") ==
           std::vector<std::string>{"0"};
  }));
}

TEST_F(Deletion, WhatAKillLeftOfThePointsGoesWithTheNextStart) {
  {
    const auto store = OpenStore(path_);
    InsertTrials(*store, "sweep", {MakeTrial("trial")});
    Push(*store, "trial", 1);
  }
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("INSERT INTO trials_to_clear SELECT id FROM trials");
  const auto store = OpenStore(path_);
  EXPECT_TRUE(WaitUntil([&] {
    return Sql(path_, "SELECT count(*) FROM recent_points UNION ALL SELECT count(*) FROM trials_to_clear") ==
           std::vector<std::string>{"0", "0"};
  }));
}

TEST_F(Deletion, ATrialThatIsSubmittedAgainHasNothingOfTheOld) {
  const auto store = OpenStore(path_);
  InsertTrials(*store, "sweep", {MakeTrial("trial")});
  Push(*store, "trial", 7);
  ASSERT_TRUE(Delete(*store, "sweep").ok());
  InsertTrials(*store, "sweep", {MakeTrial("trial")});
  EXPECT_THAT(Sql(path_, "SELECT * FROM curves"), IsEmpty());
  Push(*store, "trial", 1);
  EXPECT_THAT(Sql(path_, "SELECT step FROM curves WHERE metric = 'train_loss'"), ElementsAre("1"));
  EXPECT_EQ(Must(store->FindTrial("trial"))->step, 1);
}

TEST_F(Deletion, OnAFullDiskNothingIsDeleted) {
  const auto store = OpenStore(path_);
  InsertTrials(*store, "sweep", {MakeTrial("trial")});
  Push(*store, "trial", 1);
  {
    const FileSizeLimit limit(4096);
    EXPECT_FALSE(Delete(*store, "sweep").ok());
  }
  EXPECT_THAT(Sql(path_, "SELECT trial_id FROM results"), ElementsAre("trial"));
  EXPECT_TRUE(Delete(*store, "sweep").ok());
}

}  // namespace
}  // namespace ofsweep
