// A trial is what it reads: whom a new sweep shares its trials with, and which worker may train them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/coordinator_world.h"
#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kOld(kFingerprintDigits, 'a');
const std::string kNew(kFingerprintDigits, 'b');

class DataIdentity : public ::testing::Test {
 protected:
  // Two seeds on a text corpus, submitted from where it is seen to be `seen`; "" where it is not.
  absl::StatusOr<SubmitResult> Submit(const std::string& name, const std::string& seen,
                                      const std::string& path = "/corpus.txt") {
    return world_.SubmitText(absl::StrCat("name: ", name, "\ntrial: {train.steps: 9, data: {source: text, path: ", path,
                                          "}}\ngrid: {seed: [0, 1]}\n"),
                             false, seen.empty() ? Fingerprints{} : Fingerprints{{{"text", path}, seen}});
  }

  AttemptReport Begun(const AttemptStart& start, const std::string& found) {
    AttemptReport report = Running(start.name.trial_id, start.name.generation);
    nlohmann::json config = nlohmann::json::parse(start.config_json);
    config["data.fingerprint"] = found;
    report.begun = AttemptBeginning{.config_json = config.dump()};
    return report;
  }

  // One worker trains all that waits, and finds `found` where it reads.
  void Train(const std::string& found) {
    std::vector<AttemptReport> reports;
    while (true) {
      const auto answer = world_.Call("w", 1, reports);
      ASSERT_TRUE(answer.ok()) << answer.status();
      if (answer->start.empty()) return;
      AttemptReport report = Begun(answer->start[0], found);
      report.end = AttemptEnd{.step = 9};
      reports = {report};
    }
  }

  CoordinatorWorld world_;
};

TEST_F(DataIdentity, AnEqualSweepOfTheSameContentSharesItsTrialsWhereverTheContentLies) {
  ASSERT_TRUE(Submit("first", kOld).ok());
  Train(kOld);
  const auto moved = Submit("second", kOld, "/elsewhere.txt");
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_THAT(moved->shared_with, ElementsAre(Pair("first", 2u)));
  EXPECT_EQ(moved->sweep.state, SweepState::kFinished);
}

TEST_F(DataIdentity, AChangedFileMakesOtherTrials) {
  ASSERT_TRUE(Submit("first", kOld).ok());
  Train(kOld);
  const auto changed = Submit("second", kNew);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_THAT(changed->shared_with, IsEmpty());
  EXPECT_EQ(changed->sweep.counts.at(TrialState::kPending), 2u);
}

TEST_F(DataIdentity, WhatNobodyHasSeenIsNotShared) {
  ASSERT_TRUE(Submit("first", "").ok());
  EXPECT_THAT(Submit("waiting", "")->anew_beside, ElementsAre(Pair("first", 2u))) << "its workers may find another one";
  ASSERT_TRUE(world_.coordinator().Cancel("waiting").ok());
  Train(kOld);
  const auto unseen = Submit("second", "");
  ASSERT_TRUE(unseen.ok()) << unseen.status();
  EXPECT_THAT(unseen->shared_with, IsEmpty());
  EXPECT_THAT(unseen->anew_beside, ElementsAre(Pair("first", 2u)));
  EXPECT_EQ(unseen->sweep.counts.at(TrialState::kPending), 2u);
  EXPECT_FALSE(Submit("second", "")->created) << "a resend";
}

TEST_F(DataIdentity, ATrialThatWasSubmittedUnseenIsSharedByWhatItsWorkerFound) {
  ASSERT_TRUE(Submit("first", "").ok());
  Train(kOld);
  EXPECT_THAT(Submit("same", kOld)->shared_with, ElementsAre(Pair("first", 2u)));
  EXPECT_THAT(Submit("other", kNew)->shared_with, IsEmpty());
  world_.Restart();
  EXPECT_THAT(Submit("restarted", kOld, "/corpus.txt")->shared_with, ElementsAre(Pair("first", 2u)));
}

TEST_F(DataIdentity, ASweepIsNotContinuedOnOtherData) {
  ASSERT_TRUE(Submit("sweep", kOld).ok());
  const auto changed = Submit("sweep", kNew);
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(changed.status().message()), HasSubstr("another content"));
  EXPECT_FALSE(Submit("sweep", "")->created) << "submitted again from where the file cannot be seen";
}

TEST_F(DataIdentity, TheFirstAttemptDecidesForItsSweep) {
  ASSERT_TRUE(Submit("sweep", "").ok());
  const AttemptStart one = world_.Call("here", 1)->start.at(0);
  EXPECT_THAT(one.fingerprints, IsEmpty());
  ASSERT_THAT(world_.Call("here", 1, {Begun(one, kOld)})->keep, SizeIs(1));
  world_.Restart();
  const AttemptStart two = world_.Call("there", 1)->start.at(0);
  EXPECT_THAT(two.fingerprints, ElementsAre(Pair("data.fingerprint", kOld)));
}

TEST_F(DataIdentity, AnAttemptThatReadSomethingElseIsGivenBackUncountedEvenAtItsEnd) {
  ASSERT_TRUE(Submit("sweep", "").ok());
  const AttemptStart one = world_.Call("here", 1)->start.at(0);
  const AttemptStart two = world_.Call("there", 1)->start.at(0);
  ASSERT_THAT(world_.Call("here", 1, {Begun(one, kOld)})->keep, SizeIs(1));
  AttemptReport other = Begun(two, kNew);
  other.end = AttemptEnd{.step = 9};
  const auto answer = world_.Call("there", 1, {other});
  EXPECT_THAT(answer->forget, ElementsAre(two.name));
  EXPECT_THAT(answer->start, IsEmpty()) << "it has other data";
  const TrialRow row = world_.Stored(two.name.trial_id);
  EXPECT_EQ(row.state, TrialState::kPending);
  EXPECT_EQ(row.failures, 0);
  EXPECT_THAT(world_.coordinator().views().WaitingReason(row.trial_id),
              AllOf(HasSubstr("there"), HasSubstr("text /corpus.txt"), HasSubstr(kNew), HasSubstr(kOld)));
}

// The copy that the database was restored from is of before the attempt, which has ended meanwhile.
TEST_F(DataIdentity, AnAttemptThatIsMetAtItsEndIsOfTheDataItSays) {
  ASSERT_TRUE(Submit("sweep", "").ok());
  AttemptStart start = world_.Call("here", 1)->start.at(0);
  start.name.generation += 5;
  AttemptReport ended = Begun(start, kOld);
  ended.end = AttemptEnd{.outcome = AttemptOutcome::kCompleted, .step = 9};
  EXPECT_THAT(world_.Call("here", 1, {ended})->forget, ElementsAre(start.name));
  const TrialRow row = world_.Stored(start.name.trial_id);
  EXPECT_EQ(row.state, TrialState::kCompleted);
  EXPECT_EQ(row.data_fingerprint, kOld);
}

// Submitted again, or by another sweep, from where the file lies now.
TEST_F(DataIdentity, WhatIsStillToBeTrainedIsReadWhereItWasMovedTo) {
  ASSERT_TRUE(Submit("first", kOld, "/corpus.txt").ok());
  EXPECT_FALSE(Submit("first", kOld, "/moved.txt")->created);
  EXPECT_THAT(world_.Call("v", 1)->start.at(0).config_json, HasSubstr("/moved.txt"));
  ASSERT_TRUE(Submit("second", kOld, "/again.txt").ok());
  EXPECT_THAT(world_.Call("w", 1)->start.at(0).config_json, HasSubstr("/again.txt"));
}

TEST_F(DataIdentity, OfTwoAttemptsThatBeginAtOnceTheFirstDecides) {
  ASSERT_TRUE(Submit("sweep", "").ok());
  const std::vector<AttemptStart> starts = world_.Call("here", 2)->start;
  const auto answer = world_.Call("here", 2, {Begun(starts.at(0), kOld), Begun(starts.at(1), kNew)});
  EXPECT_THAT(answer->keep, SizeIs(1));
  EXPECT_THAT(answer->forget, ElementsAre(starts[1].name));
}

TEST_F(DataIdentity, FreshTrainsAnewAndAResendOfItChangesNothing) {
  ASSERT_TRUE(Submit("first", kOld).ok());
  Train(kOld);
  const std::string yaml =
      "name: again\ntrial: {train.steps: 9, replica: x1, data: {source: text, path: /corpus.txt}}\ngrid: {seed: [0, "
      "1]}\n";
  const auto fresh = world_.SubmitText(yaml, false, {{{"text", "/corpus.txt"}, kOld}});
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_THAT(fresh->shared_with, IsEmpty());
  EXPECT_FALSE(world_.SubmitText(yaml, false, {{{"text", "/corpus.txt"}, kOld}})->created);
}

}  // namespace
}  // namespace ofsweep
