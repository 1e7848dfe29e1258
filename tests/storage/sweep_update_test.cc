// A sweep that is updated: its text, its trials and its arms, and the texts that it had.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TrialRow InArm(const std::string& id, const std::string& label) {
  TrialRow trial = MakeTrial(id);
  trial.arm = {.keys_json = "{\"arm\":\"" + label + "\"}", .label = label};
  return trial;
}

class SweepUpdate : public testing::Test {
 protected:
  SweepUpdate() {
    const SweepRow first{.name = "s", .spec = "first", .submitted_at = 1000, .spec_sha256 = "1f"};
    EXPECT_TRUE(store_->Apply({.new_sweep = NewSweep{first, {InArm("a", "old"), InArm("b", "old")}}}).get().ok());
  }

  absl::Status Update(const std::string& text, TimeMs at, std::vector<TrialRow> trials) {
    const SweepRow sweep{.name = "s", .spec = text, .updated_at = at, .file = "/s.yaml"};
    return store_->Apply({.updated_sweep = NewSweep{sweep, std::move(trials)}}).get();
  }
  std::vector<std::string> Arms() {
    std::vector<std::string> arms;
    for (const ResultRow& row : Must(store_->ListResults("s", {}, 100, 0))) {
      arms.push_back(row.trial.trial_id + " " + row.trial.arm.label);
    }
    return arms;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  std::unique_ptr<Store> store_ = OpenStore(path_);
};

TEST_F(SweepUpdate, NewTrialsStandBehindTheOldOnesAndAllHaveTheirNewArms) {
  ASSERT_TRUE(Update("second", 2000, {InArm("a", "x"), InArm("b", "y"), InArm("c", "x")}).ok());
  EXPECT_THAT(Arms(), ElementsAre("a x", "b y", "c x"));
  EXPECT_THAT(Sql(path_, "SELECT arm FROM ablation ORDER BY arm"), ElementsAre("x", "y"))
      << "no arm of the old names is left";
  const SweepRow sweep = Must(store_->FindSweep("s")).value();
  EXPECT_EQ(sweep.spec, "second");
  EXPECT_EQ(sweep.submitted_at, 1000);
  EXPECT_EQ(sweep.updated_at, 2000);
}

TEST_F(SweepUpdate, EarlierTextsAreKept) {
  ASSERT_TRUE(Update("second", 2000, {InArm("a", "x"), InArm("b", "x")}).ok());
  ASSERT_TRUE(Update("third", 3000, {InArm("a", "x"), InArm("b", "x")}).ok());
  EXPECT_TRUE(Must(store_->HadSpec("s", "first")));
  EXPECT_TRUE(Must(store_->HadSpec("s", "second")));
  EXPECT_FALSE(Must(store_->HadSpec("s", "third"))) << "it is the one of now";
  EXPECT_THAT(Sql(path_, "SELECT number, submitted_at, spec, spec_sha256, file FROM specs WHERE sweep = 's'"),
              ElementsAre("1|1970-01-01T00:00:01.000Z|first|1f|NULL", "2|1970-01-01T00:00:02.000Z|second|NULL|/s.yaml",
                          "3|1970-01-01T00:00:03.000Z|third|NULL|/s.yaml"));
}

TEST_F(SweepUpdate, OneThatLeavesOutOrMovesATrialChangesNothing) {
  EXPECT_EQ(Update("shorter", 2000, {InArm("a", "x")}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Update("moved", 2000, {InArm("b", "x"), InArm("a", "x")}).ok());
  EXPECT_FALSE(Update("twice", 2000, {InArm("a", "x"), InArm("b", "x"), InArm("a", "x")}).ok());
  EXPECT_THAT(Arms(), ElementsAre("a old", "b old"));
  EXPECT_EQ(Must(store_->FindSweep("s"))->spec, "first");
}

TEST_F(SweepUpdate, OfNoSweepIsNotFound) {
  const SweepRow sweep{.name = "other", .spec = "text"};
  EXPECT_EQ(store_->Apply({.updated_sweep = NewSweep{sweep, {}}}).get().code(), absl::StatusCode::kNotFound);
}

TEST_F(SweepUpdate, ADeletedSweepLeavesNoText) {
  ASSERT_TRUE(Update("second", 2000, {InArm("a", "x"), InArm("b", "x")}).ok());
  ASSERT_TRUE(store_->Apply({.deletion = SweepDeletion{.sweep = "s", .begun_trials = {}}}).get().ok());
  EXPECT_THAT(Sql(path_, "SELECT * FROM specs"), IsEmpty());
  EXPECT_THAT(Sql(path_, "SELECT * FROM earlier_specs"), IsEmpty());
}

}  // namespace
}  // namespace ofsweep
