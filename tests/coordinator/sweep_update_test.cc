// A sweep that is updated: what of it goes on, what is added, and which texts are its own.
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/coordinator/coordinator_world.h"

namespace ofsweep {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

std::string Text(const std::string& grid) {
  return absl::StrCat("name: sweep\ntrial: {train.steps: 100}\ngrid: ", grid, "\n");
}
const std::string kOne = Text("{seed: [1]}");
const std::string kBlocks = Text("{model.block: [op, pre_norm], seed: [0, 1]}");

// "arm seed" of the trials in the sweep's order, as they are stored.
std::vector<std::string> Arms(CoordinatorWorld& world) {
  std::vector<std::string> arms;
  const auto rows = world.store().ListResults("sweep", {}, 100, 0);
  for (const ResultRow& row : *rows) arms.push_back(row.trial.arm.label);
  return arms;
}

// Of the labels of all series.
std::vector<std::string> ArmsIn(const std::vector<prometheus::MetricFamily>& families) {
  std::vector<std::string> arms;
  for (const auto& family : families) {
    for (const auto& series : family.metric) {
      for (const auto& label : series.label) {
        if (label.name == "arm") arms.push_back(label.value);
      }
    }
  }
  return arms;
}

class SweepUpdate : public testing::Test {
 protected:
  SweepUpdate() { EXPECT_TRUE(world_.SubmitText(kOne, false, CoordinatorWorld::SeenData()).ok()); }

  absl::StatusOr<SubmitResult> Update(const std::string& text, bool validate_only = false) {
    return world_.UpdateText(text, validate_only, CoordinatorWorld::SeenData());
  }
  SweepState State() { return (*world_.store().FindSweep("sweep"))->state; }

  CoordinatorWorld world_;
};

TEST_F(SweepUpdate, KeepsWhatItHasAndAddsTheRest) {
  const AttemptName running = world_.Call("w", 1)->start[0].name;
  const auto updated = Update(kBlocks);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_FALSE(updated->created);
  EXPECT_EQ(updated->added, 3u);
  EXPECT_EQ(world_.Count("sweep", TrialState::kRunning), 1u);
  EXPECT_EQ(world_.Count("sweep", TrialState::kPending), 3u);
  EXPECT_THAT(world_.Call("w", 1, {{.name = running}})->keep, SizeIs(1));
  EXPECT_THAT(Arms(world_),
              ElementsAre("model.block=pre_norm", "model.block=op", "model.block=pre_norm", "model.block=op"));
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
  world_.Restart();
  EXPECT_EQ(world_.Count("sweep", TrialState::kRunning), 1u);
  EXPECT_EQ(world_.Count("sweep", TrialState::kPending), 3u);
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
}

TEST_F(SweepUpdate, AFinishedSweepGoesOnWithWhatIsAdded) {
  const AttemptName name = world_.Call("w", 1)->start[0].name;
  ASSERT_TRUE(world_.Call("w", 1, {Completed(name)}).ok());
  EXPECT_EQ(State(), SweepState::kFinished);
  ASSERT_TRUE(Update(kBlocks).ok());
  EXPECT_EQ(State(), SweepState::kActive);
  EXPECT_EQ(world_.Count("sweep", TrialState::kCompleted), 1u);
  EXPECT_THAT(world_.Call("w", 3)->start, SizeIs(3));
}

TEST_F(SweepUpdate, EveryTextThatItHadIsItsOwn) {
  ASSERT_TRUE(Update(kBlocks).ok());
  for (const std::string& text : {kOne, kBlocks}) {
    const auto again = world_.SubmitText(text, false, CoordinatorWorld::SeenData());
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_FALSE(again->created);
    const auto updated = Update(text);
    ASSERT_TRUE(updated.ok()) << updated.status();
    EXPECT_EQ(updated->added, 0u);
  }
  EXPECT_EQ((*world_.store().FindSweep("sweep"))->spec, kBlocks);
  EXPECT_THAT(Arms(world_), SizeIs(4));
  const auto other = world_.SubmitText(Text("{seed: [1, 2]}"), false, CoordinatorWorld::SeenData());
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("--update"));
}

TEST_F(SweepUpdate, ChangesWhatIsSaidOfTheSweepItself) {
  const std::string urgent = kOne + "description: why\ntags: [paper]\npriority: 9\n";
  const auto submitted = world_.SubmitText(urgent, false, CoordinatorWorld::SeenData());
  EXPECT_EQ(submitted.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(submitted.status().message()),
              HasSubstr("exists with another description and tags and priority; give it this one with --update"));
  const auto updated = Update(urgent);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_TRUE(updated->updated);
  EXPECT_EQ(updated->added, 0u);
  EXPECT_EQ((*world_.store().FindSweep("sweep"))->attributes.priority, 9);
  EXPECT_TRUE(world_.SubmitText(urgent, false, CoordinatorWorld::SeenData()).ok());
  EXPECT_FALSE(Update(urgent)->updated) << "sent again";

  const auto back = Update(kOne);  // a text that it had, with what it said then
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->updated);
  EXPECT_EQ((*world_.store().FindSweep("sweep"))->attributes, SweepAttributes());
  EXPECT_EQ((*world_.store().FindSweep("sweep"))->spec, kOne);
}

TEST_F(SweepUpdate, TheSameTrialsInOtherWordsAreTheSameSweep) {
  ASSERT_TRUE(Update(kBlocks).ok());
  const auto again =
      world_.SubmitText(Text("{seed: [1, 0], model.block: [pre_norm, op]}"), false, CoordinatorWorld::SeenData());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->created);
}

TEST_F(SweepUpdate, FromWhereItsDataCannotBeSeenIsOfTheSameData) {
  const auto updated = world_.UpdateText(kBlocks);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->added, 3u);
  const auto seen = Update(Text("{model.block: [op, pre_norm, post_norm], seed: [0, 1]}"));
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->added, 2u);
}

// Nobody has seen its data yet, so its first attempt decides what that is, also for what is added by who sees some.
TEST_F(SweepUpdate, OfDataThatIsOpenAddsTrialsOfOpenData) {
  const std::string text = "name: unseen\ntrial: {train.steps: 100}\ngrid: {seed: ";
  ASSERT_TRUE(world_.SubmitText(text + "[0]}\n").ok());
  ASSERT_TRUE(world_.UpdateText(text + "[0, 7]}\n", false, CoordinatorWorld::SeenData()).ok());
  const std::vector<TrialRow> trials = *world_.store().LoadTrials("unseen");
  ASSERT_EQ(trials.size(), 2u);
  for (const TrialRow& trial : trials) EXPECT_EQ(trial.data_fingerprint, "") << trial.trial_id;
}

TEST_F(SweepUpdate, FindsTheReplicasThatAreItsOwnWhenTheirEqualsAreGone) {
  const std::string grid = "\ntrial: {train.steps: 100}\ngrid: {seed: ";
  ASSERT_TRUE(world_.SubmitText("name: one" + grid + "[5, 6]}\n").ok());
  ASSERT_TRUE(world_.SubmitText("name: two" + grid + "[5, 6]}\n").ok());
  ASSERT_TRUE(world_.coordinator().Delete("one").ok());
  const auto updated = world_.UpdateText("name: two" + grid + "[5, 6, 7]}\n");
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->added, 1u);
}

TEST_F(SweepUpdate, TrialsThatRunAreCalledByTheirNewArms) {
  ASSERT_TRUE(world_.Call("w", 1).ok());
  const auto label = [&] { return world_.coordinator().views().Progress("sweep", 0, 10)->running.at(0).label; };
  EXPECT_EQ(label(), "");
  ASSERT_TRUE(Update(kBlocks).ok());
  EXPECT_EQ(label(), "model.block=pre_norm seed=1");
  std::vector<prometheus::MetricFamily> families;
  world_.coordinator().live_trials().Collect(world_.clock.now, families);
  EXPECT_THAT(ArmsIn(families), Contains("model.block=pre_norm"));
}

TEST_F(SweepUpdate, SentTwiceAtOnceHappensOnce) {
  for (int round = 0; round < 10; ++round) {
    const std::string text =
        Text(absl::StrCat("{seed: [1, ", round + 10, "]}")) + "description: " + std::to_string(round) + "\n";
    const std::string name = absl::StrCat("sweep", round);
    const std::string own = absl::StrReplaceAll(text, {{"name: sweep", "name: " + name}});
    ASSERT_TRUE(world_.SubmitText(absl::StrReplaceAll(kOne, {{"name: sweep", "name: " + name}})).ok());
    auto other = std::async(std::launch::async, [&] { return world_.UpdateText(own); });
    const auto mine = world_.UpdateText(own);
    const auto theirs = other.get();
    ASSERT_TRUE(mine.ok()) << mine.status();
    ASSERT_TRUE(theirs.ok()) << theirs.status();
    EXPECT_NE(mine->updated, theirs->updated) << "round " << round;
  }
}

TEST_F(SweepUpdate, MayNotLeaveTrialsOut) {
  const auto refused = Update(Text("{seed: [2, 3]}"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("leaves out 1 of the 1 trials"));
  EXPECT_THAT(Arms(world_), SizeIs(1));
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
}

TEST_F(SweepUpdate, WhatIsAddedToACancelledSweepWaitsForItsResumption) {
  const AttemptName running = world_.Call("w", 1)->start[0].name;
  ASSERT_TRUE(world_.coordinator().Cancel("sweep").ok());
  const auto updated = Update(kBlocks);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->added, 3u);
  EXPECT_EQ(updated->sweep.state, SweepState::kCancelled);
  EXPECT_EQ(world_.Count("sweep", TrialState::kCancelled), 4u);
  const auto stopped =
      world_.Call("w", 1, {{.name = running, .end = AttemptEnd{.outcome = AttemptOutcome::kCancelled}}});
  EXPECT_THAT(stopped->start, SizeIs(0));
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
  world_.Restart();
  EXPECT_EQ(world_.Count("sweep", TrialState::kCancelled), 4u);
  ASSERT_TRUE(world_.coordinator().Resume("sweep").ok());
  EXPECT_THAT(world_.Call("w", 4)->start, SizeIs(4));
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
}

// The other sweep's goes on, and is not ended for the cancelled one.
TEST_F(SweepUpdate, OfACancelledSweepLeavesWhatItSharesAsItIs) {
  ASSERT_TRUE(world_.Submit("other", 1).ok());
  ASSERT_TRUE(world_.coordinator().Cancel("sweep").ok());
  ASSERT_TRUE(Update(kBlocks).ok());
  EXPECT_EQ(world_.Count("other", TrialState::kPending), 2u);
  EXPECT_EQ(world_.Count("sweep", TrialState::kPending), 2u);
  EXPECT_EQ(world_.Count("sweep", TrialState::kCancelled), 2u);
  ASSERT_TRUE(world_.coordinator().Cancel("other").ok());
  EXPECT_EQ(world_.Count("sweep", TrialState::kCancelled), 4u);
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
}

TEST_F(SweepUpdate, TrialsThatAreStillToBeTrainedAreTrainedAsItSays) {
  const std::string seeds = "name: two\ntrial: {train.steps: 100";
  const std::string grid = "}\ngrid: {seed: [4, 5]}\n";
  const std::string often = seeds + ", train.checkpoint_every: 5, train.threads: 2" + grid;
  ASSERT_TRUE(world_.coordinator().Cancel("sweep").ok());
  ASSERT_TRUE(world_.SubmitText(seeds + grid, false, CoordinatorWorld::SeenData()).ok());
  const AttemptName running = world_.Call("w", 1)->start[0].name;
  const auto every = [&](std::size_t position) {
    const ResultRow row = (*world_.store().ListResults("two", {}, 9, 0))[position];
    return nlohmann::json::parse(row.trial.config_json)["train.checkpoint_every"];
  };
  const auto submitted = world_.SubmitText(often, false, CoordinatorWorld::SeenData());
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_THAT(submitted->differing_keys, ElementsAre("train.threads", "train.checkpoint_every"));
  EXPECT_EQ(every(1), "auto") << "only an update changes it";

  const auto updated = world_.UpdateText(often, false, CoordinatorWorld::SeenData());
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_TRUE(updated->updated);
  EXPECT_THAT(updated->differing_keys, ElementsAre("train.threads", "train.checkpoint_every"));
  EXPECT_EQ(every(0), "auto") << "it runs, and that is how it is trained";
  EXPECT_EQ(every(1), 5);
  world_.Restart();
  const auto started = world_.Call("w", 2, {{.name = running}})->start;
  ASSERT_THAT(started, SizeIs(1));
  EXPECT_THAT(started[0].config_json, HasSubstr("\"train.checkpoint_every\":5"));
  EXPECT_THAT(started[0].config_json, HasSubstr("\"train.threads\":2"));

  ASSERT_TRUE(world_.coordinator().Cancel("two").ok());
  const auto back = world_.UpdateText(seeds + grid, false, CoordinatorWorld::SeenData());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->updated) << "a text that it had, but not what holds now";
  EXPECT_EQ(every(1), "auto");
}

// Its text says nothing of the replica; its trials do.
TEST_F(SweepUpdate, OfASweepThatWasMadeAnewAddsToTheSameReplica) {
  const std::string text = "name: fresh\ntrial: {train.steps: 100}\ngrid: {seed: ";
  std::vector<Problem> problems;
  for (const Fingerprints& seen : {CoordinatorWorld::SeenData(), Fingerprints()}) {
    Submission submission{.spec = ParseSweepSpec(text + "[1]}\n", "", problems), .text = text + "[1]}\n"};
    submission.spec.fingerprints = seen;
    submission.spec.trial.insert_or_assign("replica", "fresh-1234");
    ASSERT_TRUE(world_.coordinator().intake().Submit(submission, problems).ok());
    world_.Restart();
    const auto updated = world_.UpdateText(text + "[1, 2]}\n", false, seen);
    ASSERT_TRUE(updated.ok()) << updated.status();
    EXPECT_EQ(updated->added, 1u);
    EXPECT_THAT(*world_.store().Replicas("fresh"), ElementsAre("fresh-1234"));
    EXPECT_EQ(world_.UpdateText(text + "[1, 2, 3]}\n", false, seen)->added, 1u);
    ASSERT_TRUE(world_.coordinator().Delete("fresh").ok());
  }
}

TEST_F(SweepUpdate, OfNoSweepIsRefused) {
  EXPECT_EQ(world_.UpdateText("name: other\ngrid: {seed: [1]}\n").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SweepUpdate, OnlyLookedAtChangesNothing) {
  const auto looked = Update(kBlocks, /*validate_only=*/true);
  ASSERT_TRUE(looked.ok()) << looked.status();
  EXPECT_EQ(looked->added, 3u);
  EXPECT_EQ(looked->sweep.counts.at(TrialState::kPending), 4u);
  EXPECT_THAT(Arms(world_), SizeIs(1));
  EXPECT_EQ((*world_.store().FindSweep("sweep"))->spec, kOne);
}

TEST_F(SweepUpdate, SharesTrialsOfOtherSweepsAndWakesFailedOnes) {
  ASSERT_TRUE(world_.Submit("other", 2).ok());  // the same four trials
  ASSERT_TRUE(world_.coordinator().Cancel("other").ok());
  const auto updated = Update(kBlocks);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(world_.Count("sweep", TrialState::kPending), 4u);
  EXPECT_EQ(world_.Count("sweep", TrialState::kCancelled), 0u);
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
  const AttemptName name = world_.Call("w", 1)->start[0].name;
  ASSERT_TRUE(world_.Call("w", 1, {Completed(name)}).ok());
  ASSERT_TRUE(world_.Submit("third", 3).ok());
  ASSERT_TRUE(world_.coordinator().Resume("other").ok());
  const auto joined = world_.UpdateText(
      "name: other\ntrial: {train.steps: 100}\ngrid: {model.block: [pre_norm, op], seed: [0, 1, 2]}\n", false,
      CoordinatorWorld::SeenData());
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_THAT(joined->shared_with, ElementsAre(Pair("third", 2)));
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
}

TEST_F(SweepUpdate, AFailedWriteLeavesTheSweepAsItWas) {
  ASSERT_TRUE(world_.Submit("other", 2).ok());
  ASSERT_TRUE(world_.coordinator().Cancel("other").ok());  // so that its trials change with the update
  world_.BreakTrialWrites();
  EXPECT_FALSE(Update(kBlocks).ok());
  world_.Mend();
  EXPECT_EQ(world_.Count("sweep", TrialState::kPending), 1u);
  ASSERT_TRUE(Update(kBlocks).ok());
  EXPECT_EQ(world_.Count("sweep", TrialState::kPending), 4u);
  EXPECT_EQ(world_.coordinator().Inconsistency(), "");
}

TEST_F(SweepUpdate, CountsAreRightWhenTheStateIsReadAnewAfterIt) {
  ASSERT_TRUE(world_.SubmitText("name: later\ntrial: {train.steps: 100}\ngrid: {seed: [8, 9]}\n").ok());
  ASSERT_THAT(world_.Call("w", 2)->start, SizeIs(2));
  ASSERT_TRUE(Update(kBlocks).ok());  // its trials stand behind those of `later`, and before them when read anew
  world_.BreakTrialWrites();
  EXPECT_FALSE(world_.coordinator().Cancel("later").ok());
  world_.Mend();
  ASSERT_TRUE(world_.coordinator().Tick().ok());
  for (const SweepSummary& shown : world_.coordinator().views().Summaries()) {
    EXPECT_EQ(shown.counts, *world_.store().CountTrials(shown.name)) << shown.name;
  }
}

}  // namespace
}  // namespace ofsweep
