// Sweeps, trials and attempts: what the coordinator stores is what it gets back after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SweepsTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  std::unique_ptr<Store> store_ = OpenStore(path_);

  void Restart() {
    store_.reset();
    store_ = OpenStore(path_);
  }
  std::vector<std::string> Ids(const std::string& sweep) {
    std::vector<std::string> ids;
    for (const TrialRow& trial : Must(store_->LoadTrials(sweep))) ids.push_back(trial.trial_id);
    return ids;
  }
};

TEST_F(SweepsTest, ASweepAndItsTrialsComeBackInTheirOrderAfterARestart) {
  const SweepRow sweep{.name = "blocks", .state = SweepState::kPaused, .spec = "name: blocks\n", .submitted_at = 77};
  ASSERT_TRUE(
      store_->Apply({.new_sweep = NewSweep{sweep, {MakeTrial("c"), MakeTrial("a"), MakeTrial("b")}}}).get().ok());
  Restart();
  const SweepRow found = Must(store_->FindSweep("blocks")).value();
  EXPECT_EQ(found.state, SweepState::kPaused);
  EXPECT_EQ(found.spec, "name: blocks\n");
  EXPECT_EQ(found.submitted_at, 77);
  EXPECT_THAT(Ids("blocks"), ElementsAre("c", "a", "b"));
  const TrialRow trial = Must(store_->FindTrial("a")).value();
  EXPECT_EQ(trial.config_json, MakeTrial("a").config_json);
  EXPECT_EQ(trial.config_hash, "a-hash");
  EXPECT_EQ(trial.target_steps, 600);
  EXPECT_EQ(trial.state, TrialState::kPending);
}

TEST_F(SweepsTest, ATakenNameIsRefusedAndNothingOfTheSecondSweepStays) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  EXPECT_EQ(store_->Apply({.new_sweep = NewSweep{{.name = "s"}, {MakeTrial("b")}}}).get().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Ids("s"), ElementsAre("a"));
  EXPECT_FALSE(Must(store_->FindTrial("b")).has_value());
}

TEST_F(SweepsTest, ATrialListedTwiceIsRefusedWhole) {
  const absl::Status stored =
      store_->Apply({.new_sweep = NewSweep{{.name = "s"}, {MakeTrial("a"), MakeTrial("a")}}}).get();
  EXPECT_EQ(stored.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Must(store_->FindSweep("s")).has_value());
  EXPECT_FALSE(Must(store_->FindTrial("a")).has_value());
}

TEST_F(SweepsTest, SweepsShareEqualTrialsWithTheirState) {
  InsertTrials(*store_, "first",
               {MakeTrial("done"), MakeTrial("failed"), MakeTrial("cancelled"), MakeTrial("running")});
  SetState(*store_, "done", TrialState::kCompleted);
  ASSERT_TRUE(store_
                  ->Apply({.trials = {{.trial_id = "failed",
                                       .state = TrialState::kFailed,
                                       .generation = 4,
                                       .attempts = 3,
                                       .failures = 3,
                                       .worker = "w",
                                       .failure_class = FailureClass::kOom,
                                       .failure_message = "out of memory",
                                       .at = 5}}})
                  .get()
                  .ok());
  SetState(*store_, "cancelled", TrialState::kCancelled);
  SetState(*store_, "running", TrialState::kRunning);

  InsertTrials(
      *store_, "second",
      {MakeTrial("running"), MakeTrial("cancelled"), MakeTrial("failed"), MakeTrial("done"), MakeTrial("new")});
  EXPECT_THAT(Ids("second"), ElementsAre("running", "cancelled", "failed", "done", "new"));
  const auto state = [&](const char* id) { return Must(store_->FindTrial(id))->state; };
  EXPECT_EQ(state("done"), TrialState::kCompleted);
  EXPECT_EQ(state("running"), TrialState::kRunning);
  EXPECT_EQ(state("cancelled"), TrialState::kCancelled);
  const TrialRow again = Must(store_->FindTrial("failed")).value();
  EXPECT_EQ(again.failures, 3);
  EXPECT_EQ(again.generation, 4u);
}

TEST_F(SweepsTest, AnotherConfigurationUnderAKnownIdIsRefused) {
  InsertTrials(*store_, "first", {MakeTrial("a")});
  TrialRow twin = MakeTrial("a");
  twin.config_hash = "another";
  const absl::Status stored = store_->Apply({.new_sweep = NewSweep{{.name = "second"}, {twin}}}).get();
  EXPECT_EQ(stored.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(stored.message()), HasSubstr("a-hash"));
}

TEST_F(SweepsTest, SweepsAreListedNewestFirstInPages) {
  for (int i = 0; i < 5; ++i) InsertTrials(*store_, absl::StrCat("s", i), {});
  const auto names = [&](std::uint64_t limit, std::int64_t before) {
    std::vector<std::string> found;
    for (const SweepRow& sweep : Must(store_->ListSweeps(limit, before))) found.push_back(sweep.name);
    return found;
  };
  EXPECT_THAT(names(2, 0), ElementsAre("s4", "s3"));
  EXPECT_THAT(names(2, Must(store_->FindSweep("s1"))->id), ElementsAre("s0"));
  EXPECT_EQ(names(UINT64_MAX, 0).size(), 5u);
}

TEST_F(SweepsTest, WhatASpecificationSaysOfItsSweepIsKeptAndUpdated) {
  const SweepAttributes said{
      .description = "why", .tags = {"paper", "soap"}, .priority = -3, .keep_checkpoints = KeepCheckpoints::kNone};
  ASSERT_TRUE(store_->Apply({.new_sweep = NewSweep{{.name = "s", .attributes = said}, {MakeTrial("a")}}}).get().ok());
  Restart();
  EXPECT_EQ(Must(store_->FindSweep("s"))->attributes, said);
  const SweepAttributes now{.tags = {"soap"}, .priority = 7, .keep_checkpoints = KeepCheckpoints::kAll};
  ASSERT_TRUE(
      store_->Apply({.updated_sweep = NewSweep{{.name = "s", .attributes = now}, {MakeTrial("a")}}}).get().ok());
  EXPECT_EQ(Must(store_->FindSweep("s"))->attributes, now);
}

TEST_F(SweepsTest, AreFoundByAllOfTheTagsThatAreAskedFor) {
  const auto add = [&](const std::string& name, std::vector<std::string> tags) {
    const SweepRow sweep{.name = name, .attributes = {.tags = std::move(tags)}};
    ASSERT_TRUE(store_->Apply({.new_sweep = NewSweep{sweep, {}}}).get().ok());
  };
  add("none", {});
  add("soap", {"soap"});
  add("both", {"paper", "soap"});
  const auto names = [&](const std::vector<std::string>& tags) {
    std::vector<std::string> found;
    for (const SweepRow& sweep : Must(store_->ListSweeps(10, 0, tags))) found.push_back(sweep.name);
    return found;
  };
  EXPECT_THAT(names({}), ElementsAre("both", "soap", "none"));
  EXPECT_THAT(names({"soap"}), ElementsAre("both", "soap"));
  EXPECT_THAT(names({"soap", "paper"}), ElementsAre("both"));
  EXPECT_THAT(names({"Soap"}), ElementsAre());
}

TEST_F(SweepsTest, AnUnknownSweepOrTrialIsNotFound) {
  EXPECT_FALSE(Must(store_->FindSweep("no")).has_value());
  EXPECT_FALSE(Must(store_->FindTrial("no")).has_value());
  EXPECT_TRUE(Must(store_->ListAttempts("no")).empty());
  EXPECT_EQ(store_->LoadTrials("no").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->CountTrials("no").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ListResults("no", {}, 1, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Apply({.sweeps = {{"no", SweepState::kPaused}}, .at = 1}).get().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Apply({.origins = {{{"no", 1}, {"{}", ""}}}}).get().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->AppendPoints({"no"}, 0, ColumnsOf({MakeStep(0, {})})).get().status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(SweepsTest, AFailingChangeLeavesNothingOfItsCallAndTheOthersStand) {
  InsertTrials(*store_, "s", {MakeTrial("a"), MakeTrial("b")});
  auto good = store_->Apply({.trials = {{.trial_id = "a", .state = TrialState::kRunning, .at = 1}}});
  auto bad = store_->Apply({.trials = {{.trial_id = "b", .state = TrialState::kRunning, .at = 1}, {.trial_id = "no"}}});
  auto later = store_->Apply({.sweeps = {{"s", SweepState::kPaused}}, .at = 2});
  EXPECT_TRUE(good.get().ok());
  EXPECT_EQ(bad.get().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(later.get().ok());
  EXPECT_EQ(Must(store_->FindTrial("a"))->state, TrialState::kRunning);
  EXPECT_EQ(Must(store_->FindTrial("b"))->state, TrialState::kPending);
  EXPECT_EQ(Must(store_->FindSweep("s"))->state, SweepState::kPaused);
}

TEST_F(SweepsTest, ChangesKeepTheFirstStartAndAddUpTheTime) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const auto change = [&](TrialState state, double seconds, TimeMs at) {
    ASSERT_TRUE(store_->Apply({.trials = {{.trial_id = "a", .state = state, .added_wall_seconds = seconds, .at = at}}})
                    .get()
                    .ok());
  };
  change(TrialState::kRunning, 0, 1000);
  change(TrialState::kCancelled, 2.5, 2000);
  EXPECT_EQ(Must(store_->FindTrial("a"))->finished_at, 2000);
  change(TrialState::kPending, 0, 3000);
  EXPECT_EQ(Must(store_->FindTrial("a"))->finished_at, 0);
  change(TrialState::kRunning, 0, 4000);
  change(TrialState::kCompleted, 1.5, 5000);
  const TrialRow trial = Must(store_->FindTrial("a")).value();
  EXPECT_EQ(trial.started_at, 1000);
  EXPECT_EQ(trial.finished_at, 5000);
  EXPECT_EQ(trial.wall_seconds, 4.0);
}

TEST_F(SweepsTest, AttemptsAreOpenedAndClosed) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  ASSERT_TRUE(store_->Apply({.attempts = {{.name = {"a", 1}, .worker = "w1", .started_at = 10}}}).get().ok());
  ASSERT_TRUE(
      store_
          ->Apply({.attempts = {{.name = {"a", 1}, .ended_at = 20, .end = AttemptEnd{.outcome = AttemptOutcome::kLost}},
                                {.name = {"a", 2}, .worker = "w2", .started_at = 30}}})
          .get()
          .ok());
  Restart();
  const std::vector<AttemptRow> attempts = Must(store_->ListAttempts("a"));
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].worker, "w1");
  EXPECT_EQ(attempts[0].started_at, 10);
  EXPECT_EQ(attempts[0].ended_at, 20);
  EXPECT_EQ(attempts[0].end->outcome, AttemptOutcome::kLost);
  EXPECT_EQ(attempts[1].worker, "w2");
  EXPECT_EQ(attempts[1].ended_at, 0);
}

// The first begins, the second goes on from step 10, the third begins anew from step 5, and the fourth at step 8.
TEST_F(SweepsTest, AResultTellsTheOriginsOfAllThatItsCurveHasPointsOf) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const auto attempt = [&](std::uint64_t generation, std::int64_t from_step, std::int64_t through) {
    const AttemptOrigin origin{.host = "h", .device = absl::StrCat("device-", generation)};
    ASSERT_TRUE(store_
                    ->Apply({.trials = {{.trial_id = "a",
                                         .state = TrialState::kRunning,
                                         .generation = generation,
                                         .attempts = static_cast<int>(generation)}},
                             .attempts = {{.name = {"a", generation}, .worker = "w", .started_at = 1}},
                             .origins = {{{"a", generation}, origin}}})
                    .get()
                    .ok());
    for (std::int64_t step = from_step; step <= through; ++step) {
      Must(store_->AppendPoints({"a", generation}, from_step, ColumnsOf({MakeStep(step + 1, {})})).get());
    }
  };
  const auto devices = [&] {
    const ResultRow row = *Must(store_->FindResult("s", "a"));
    std::vector<std::string> named;
    for (const AttemptOrigin& earlier : row.earlier_origins) named.push_back(earlier.device);
    named.push_back(row.origin.device);
    return named;
  };
  attempt(1, 0, 12);
  EXPECT_THAT(devices(), ElementsAre("device-1"));
  attempt(2, 10, 14);
  EXPECT_THAT(devices(), ElementsAre("device-1", "device-2"));
  attempt(3, 5, 9);
  EXPECT_THAT(devices(), ElementsAre("device-1", "device-3"));
  attempt(4, 8, 12);
  EXPECT_THAT(devices(), ElementsAre("device-1", "device-3", "device-4"));
}

TEST_F(SweepsTest, TheViewOfAttemptsSaysWhereEachBeganAndEnded) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const AttemptEnd preempted{.outcome = AttemptOutcome::kPreempted, .message = "its worker was stopped", .step = 7};
  ASSERT_TRUE(store_
                  ->Apply({.attempts = {{.name = {"a", 5}, .worker = "w1", .started_at = 1000},
                                        {.name = {"a", 5}, .from_step = 0},
                                        {.name = {"a", 5}, .ended_at = 2000, .end = preempted},
                                        {.name = {"a", 6}, .worker = "w2", .started_at = 3000}}})
                  .get()
                  .ok());
  ASSERT_TRUE(store_->AppendPoints({"a", 6}, 7, ColumnsOf({MakeStep(8, {})})).get().ok());
  EXPECT_EQ(Must(store_->ListAttempts("a"))[0].to_step, 7);
  EXPECT_EQ(Must(store_->ListAttempts("a"))[1].to_step, std::nullopt);
  EXPECT_THAT(
      Sql(path_,
          "SELECT generation, worker, from_step, to_step, outcome, failure_class, message, started_at, "
          "ended_at FROM attempts WHERE trial_id = 'a' ORDER BY generation"),
      ElementsAre("5|w1|0|7|preempted|NULL|its worker was stopped|1970-01-01T00:00:01.000Z|1970-01-01T00:00:02.000Z",
                  "6|w2|7|NULL|running|NULL|NULL|1970-01-01T00:00:03.000Z|NULL"));
}

// What the scheduler is given: through which step a checkpoint may be continued from.
// The last update's points stand at the step before it.
TEST_F(SweepsTest, AnEndSaysHowManyUpdatesWereDone) {
  TrialRow trial = MakeTrial("a");
  trial.config_json = R"({"train.batch_size": 10, "model.context": 10})";
  InsertTrials(*store_, "s", {trial});
  Must(store_->AppendPoints({"a", 1}, 0, ColumnsOf({MakeStep(0, {}), MakeStep(1, {}), MakeStep(2, {})})).get());
  const AttemptEnd end{.outcome = AttemptOutcome::kCompleted, .step = 3};
  ASSERT_TRUE(store_->Apply({.attempts = {{.name = {"a", 1}, .worker = "w", .end = end}}}).get().ok());
  const auto values = Must(store_->ListResults("s", {}, 10, 0)).at(0).values;
  EXPECT_EQ(values.at("steps"), 3);
  EXPECT_EQ(values.at("tokens"), 300);
}

TEST_F(SweepsTest, ACurveIsStoredThroughItsNewestPointOrTheEndThatWasReportedAfterIt) {
  InsertTrials(*store_, "s", {MakeTrial("a")});
  const auto stored_through = [&] { return Must(store_->FindTrial("a")).value().stored_through; };
  EXPECT_EQ(stored_through(), 0);
  ASSERT_TRUE(store_->AppendPoints({"a", 1}, 0, ColumnsOf({MakeStep(10, {})})).get().ok());
  EXPECT_EQ(stored_through(), 10);
  const auto end = [&](std::uint64_t generation, AttemptOutcome outcome, std::int64_t step) {
    const AttemptRow row{.name = {"a", generation}, .end = AttemptEnd{.outcome = outcome, .step = step}};
    return store_->Apply({.attempts = {row}}).get();
  };
  ASSERT_TRUE(end(1, AttemptOutcome::kPreempted, 14).ok());
  EXPECT_EQ(stored_through(), 14);
  ASSERT_TRUE(store_->Apply({.attempts = {{.name = {"a", 2}, .from_step = 12, .started_at = 1}}}).get().ok());
  EXPECT_EQ(stored_through(), 12) << "what the first attempt trained behind it is undone";
  ASSERT_TRUE(end(2, AttemptOutcome::kLost, 90).ok());
  EXPECT_EQ(stored_through(), 12) << "nobody knows what a lost attempt had trained";
}

TEST_F(SweepsTest, ResultsAreFilteredByStateAndPaged) {
  std::vector<TrialRow> trials;
  for (int i = 0; i < 10; ++i) trials.push_back(MakeTrial(absl::StrCat("t", i)));
  InsertTrials(*store_, "s", trials);
  for (int i = 0; i < 10; i += 3) SetState(*store_, absl::StrCat("t", i), TrialState::kCompleted);
  const auto ids = [&](std::vector<TrialState> states, std::uint64_t limit, std::uint64_t position) {
    std::vector<std::string> found;
    for (const ResultRow& row : Must(store_->ListResults("s", states, limit, position))) {
      EXPECT_EQ(row.trial.trial_id, absl::StrCat("t", row.position));
      found.push_back(row.trial.trial_id);
    }
    return found;
  };
  EXPECT_THAT(ids({}, 3, 8), ElementsAre("t8", "t9"));
  EXPECT_THAT(ids({TrialState::kCompleted}, 2, 1), ElementsAre("t3", "t6"));
  EXPECT_EQ(ids({TrialState::kCompleted, TrialState::kPending}, 100, 0).size(), 10u);
  EXPECT_THAT(ids({TrialState::kFailed}, 100, 0), ElementsAre());
  EXPECT_EQ(Must(store_->CountTrials("s")),
            (std::map<TrialState, std::uint64_t>{{TrialState::kPending, 6}, {TrialState::kCompleted, 4}}));
}

TEST_F(SweepsTest, WhatATrainerResolvedIsItsAttemptsAndLeavesWhatWasSubmitted) {
  TrialRow trial = MakeTrial("a", "op", "adam", 1e-3, 3);
  trial.config_json = R"({"model.block":"op","train.precision":"auto"})";
  InsertTrials(*store_, "s", {trial});
  EXPECT_EQ(store_->Apply({.origins = {{{"a", 1}, {"{}", ""}}}}).get().code(), absl::StatusCode::kNotFound);
  for (const std::uint64_t generation : {1, 2}) {
    ASSERT_TRUE(store_->Apply({.attempts = {{.name = {"a", generation}, .worker = "w", .started_at = 1}}}).get().ok());
  }
  ASSERT_TRUE(store_->Apply({.origins = {{{"a", 1}, {R"({"train.precision":"bf16"})", ""}}}}).get().ok());
  ASSERT_TRUE(store_->Apply({.origins = {{{"a", 2}, {R"({"train.precision":"fp32"})", ""}}}}).get().ok());
  EXPECT_EQ(Must(store_->FindTrial("a"))->config_json, trial.config_json);
  EXPECT_EQ(Must(store_->ListResults("s", {}, 1, 0))[0].origin.resolved_json, R"({"train.precision":"fp32"})");
  EXPECT_THAT(Sql(path_, "SELECT value FROM params WHERE key = 'train.precision'"), ElementsAre("fp32"));
  EXPECT_THAT(Sql(path_, "SELECT resolved FROM attempts"),
              ElementsAre(R"({"train.precision":"bf16"})", R"({"train.precision":"fp32"})"));
}

}  // namespace
}  // namespace ofsweep
