// What a worker keeps of trials that were deleted.

#include "worker/deletions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "experiment/data_folder.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

class Deletions : public testing::Test {
 protected:
  void MakeTrial(const std::string& trial_id) {
    fs::create_directories(LogFolder(TrialPath(folder_.path().string(), trial_id)));
    std::ofstream(CheckpointPath(TrialPath(folder_.path().string(), trial_id), 10)) << "weights";
  }
  bool IsThere(const std::string& trial_id) { return fs::exists(TrialPath(folder_.path().string(), trial_id)); }
  static v1::SynchronizeResponse Told(const std::string& trial_id, std::uint64_t generation, std::uint64_t number) {
    v1::SynchronizeResponse told;
    told.add_deleted()->set_trial_id(trial_id);
    told.mutable_deleted(0)->set_generation(generation);
    told.set_deletions_through(number);
    return told;
  }
  static std::uint64_t HoldsNone(const std::string&) { return 0; }

  const TemporaryFolder folder_;
};

TEST_F(Deletions, TakeTheFolderAndAreNotToldAgainAfterARestart) {
  MakeTrial("deleted");
  MakeTrial("kept");
  FollowedDeletions deletions(folder_.path().string());
  EXPECT_EQ(deletions.through(), 0u);
  deletions.Take(Told("deleted", 3, 5));
  deletions.RemoveUnused(HoldsNone);
  EXPECT_FALSE(IsThere("deleted"));
  EXPECT_TRUE(IsThere("kept"));
  EXPECT_EQ(deletions.through(), 5u);
  EXPECT_EQ(FollowedDeletions(folder_.path().string()).through(), 5u);
}

TEST_F(Deletions, WaitForAnAttemptThatStillUsesTheFolder) {
  MakeTrial("deleted");
  FollowedDeletions deletions(folder_.path().string());
  deletions.Take(Told("deleted", 3, 5));
  deletions.RemoveUnused([](const std::string&) { return 3; });
  EXPECT_TRUE(IsThere("deleted"));
  EXPECT_EQ(deletions.through(), 0u);
  deletions.RemoveUnused(HoldsNone);
  EXPECT_FALSE(IsThere("deleted"));
  EXPECT_EQ(deletions.through(), 5u);
}

TEST_F(Deletions, LeaveTheFolderToATrialThatWasSubmittedAgain) {
  MakeTrial("deleted");
  FollowedDeletions deletions(folder_.path().string());
  deletions.Take(Told("deleted", 3, 5));
  deletions.RemoveUnused([](const std::string&) { return 4; });
  EXPECT_TRUE(IsThere("deleted"));
  EXPECT_EQ(deletions.through(), 5u);
}

TEST_F(Deletions, RemoveNothingOutsideTheTrials) {
  MakeTrial("kept");
  FollowedDeletions deletions(folder_.path().string());
  deletions.Take(Told("../trials/kept", 3, 5));
  deletions.Take(Told("", 3, 6));
  deletions.RemoveUnused(HoldsNone);
  EXPECT_TRUE(IsThere("kept"));
}

}  // namespace
}  // namespace ofsweep
