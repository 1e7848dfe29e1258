// Two databases become one: all of it or nothing, and never a curve of two trainings.
#include "storage/merge.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "storage/database_check.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Ours has the sweep "a" of the trials 0 and 1; theirs "b" of 1 and 2.
class MergeTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Ours() { return OpenStore(ours_); }
  std::unique_ptr<Store> Theirs() { return OpenStore(theirs_); }
  static std::string Id(int seed) { return MakeNamedTrial(seed).trial_id; }
  static void Insert(Store& store, const std::string& sweep, const std::vector<int>& seeds) {
    std::vector<TrialRow> trials;
    for (const int seed : seeds) trials.push_back(MakeNamedTrial(seed));
    InsertTrials(store, sweep, trials);
  }
  static void Update(Store& store, const std::string& sweep, const std::string& text, const std::vector<int>& seeds) {
    NewSweep updated{{.name = sweep, .spec = text, .updated_at = 2}, {}};
    updated.sweep.attributes.description = text;
    for (const int seed : seeds) updated.trials.push_back(MakeNamedTrial(seed));
    ASSERT_TRUE(store.Apply({.updated_sweep = std::move(updated)}).get().ok());
  }
  absl::StatusOr<MergeCounts> Merge(std::map<std::string, std::string> names = {}) {
    return MergeDatabase({.from = theirs_, .into = ours_, .names = std::move(names), .now = 5000});
  }
  void ExpectWhole() {
    for (const DatabaseCheck& check : Must(CheckDatabase(ours_))) EXPECT_THAT(check.faults, IsEmpty()) << check.name;
  }
  std::vector<std::string> Losses(int seed) {
    return Sql(ours_,
               absl::StrCat("SELECT count(*), min(value), max(value) FROM curves WHERE metric = 'train_loss' AND ",
                            "trial_id = '", Id(seed), "'"));
  }

  TemporaryFolder folder_;
  const std::string ours_ = folder_.File("ours.db");
  const std::string theirs_ = folder_.File("theirs.db");
};

TEST_F(MergeTest, BringsSweepsTrialsAttemptsAndPoints) {
  {
    const auto ours = Ours();
    Insert(*ours, "a", {0, 1});
    Train(*ours, {Id(0), 1}, 300, 2);
    const auto theirs = Theirs();
    Insert(*theirs, "b", {2, 3});
    Train(*theirs, {Id(2), 1}, 300, 3);
    Train(*theirs, {Id(3), 1}, 100, 4, TrialState::kDiverged);
    Must(theirs->AppendPoints({Id(3), 1}, 0, ColumnsOf({MakeStep(100, {{{"rms", 1, "block"}, 7}})})).get());
  }
  const auto before = Sql(theirs_, "SELECT * FROM curves ORDER BY 1, 2, 3, 4, 5");
  const MergeCounts counts = Must(Merge());
  EXPECT_THAT(counts.added_sweeps, ElementsAre("b"));
  EXPECT_EQ(counts.added_trials, 2u);
  EXPECT_EQ(counts.points, before.size());
  EXPECT_THAT(Sql(ours_, "SELECT sweep, state, train_loss, wall_seconds FROM results ORDER BY sweep, seed"),
              ElementsAre("a|completed|2.0|5.0", "a|pending|NULL|0.0", "b|completed|3.0|5.0", "b|diverged|4.0|5.0"));
  EXPECT_EQ(Sql(ours_, absl::StrCat("SELECT * FROM curves WHERE trial_id IN ('", Id(2), "', '", Id(3),
                                    "') ORDER BY 1, 2, 3, 4, 5")),
            before);
  EXPECT_THAT(Sql(ours_, "SELECT count(*) FROM attempts"), ElementsAre("3"));
  EXPECT_THAT(Sql(ours_, "SELECT name, state FROM sweeps"), ElementsAre("a|active", "b|finished"));
  ExpectWhole();
}

TEST_F(MergeTest, ASecondTimeChangesNothing) {
  {
    const auto theirs = Theirs();
    Insert(*theirs, "b", {2});
    Train(*theirs, {Id(2), 1}, 300, 3);
  }
  Must(Merge());  // into a database that there was not
  const auto before = Sql(ours_, "SELECT * FROM curves");
  const MergeCounts again = Must(Merge());
  EXPECT_THAT(again.added_sweeps, IsEmpty());
  EXPECT_EQ(again.known_sweeps, 1u);
  EXPECT_EQ(again.kept_trials, 1u);
  EXPECT_EQ(again.points, 0u);
  EXPECT_EQ(Sql(ours_, "SELECT * FROM curves"), before);
  ExpectWhole();
}

TEST_F(MergeTest, ATrialOfBothIsOneAndTheFinishedOneCounts) {
  {
    const auto ours = Ours();
    Insert(*ours, "a", {0, 1, 2});
    Train(*ours, {Id(0), 1}, 300, 2);
    Train(*ours, {Id(1), 1}, 450, 2, TrialState::kRunning, {.worker = "here"});  // further than theirs, not at its end
    Train(*ours, {Id(2), 1}, 200, 2, TrialState::kRunning, {.worker = "here"});
    const auto theirs = Theirs();
    Insert(*theirs, "b", {0, 1, 2});
    Train(*theirs, {Id(0), 1}, 300, 3);
    Train(*theirs, {Id(1), 1}, 300, 3);
    Train(*theirs, {Id(2), 1}, 250, 3, TrialState::kRunning);
  }
  const MergeCounts counts = Must(Merge());
  EXPECT_EQ(counts.finished_trials, 1u);
  EXPECT_EQ(counts.kept_trials, 2u);
  // Each curve is of one training.
  EXPECT_THAT(Losses(0), ElementsAre("30|2.0|2.0"));
  EXPECT_THAT(Losses(1), ElementsAre("30|3.0|3.0"));
  EXPECT_THAT(Losses(2), ElementsAre("20|2.0|2.0"));
  EXPECT_THAT(Sql(ours_, "SELECT state, attempts, train_loss, steps FROM results WHERE sweep = 'b' ORDER BY seed"),
              ElementsAre("completed|1|2.0|300", "completed|2|3.0|300", "running|1|2.0|190"));
  // Our own attempt stays in the history, before theirs.
  EXPECT_THAT(Sql(ours_, absl::StrCat("SELECT generation, outcome FROM attempts WHERE trial_id = '", Id(1),
                                      "' ORDER BY generation")),
              ElementsAre("1|lost", "2|completed"));
  ExpectWhole();
}

// The source was merged or copied before it went on: what is here of its attempts is no training of ours.
TEST_F(MergeTest, AnAttemptThatCameEarlierCountsOnce) {
  const std::string totals = "SELECT state, attempts, wall_seconds FROM results";
  const auto theirs = Theirs();
  Insert(*theirs, "b", {0});
  Train(*theirs, {Id(0), 1}, 100, 3, TrialState::kPending);
  Must(Merge());
  EXPECT_THAT(Sql(ours_, totals), ElementsAre("pending|1|5.0"));
  Train(*theirs, {Id(0), 2}, 300, 3);
  Must(Merge());
  EXPECT_THAT(Sql(ours_, totals), ElementsAre("completed|2|10.0"));
  EXPECT_THAT(Sql(ours_, "SELECT outcome FROM attempts ORDER BY generation"), ElementsAre("preempted", "completed"));
  ExpectWhole();
}

TEST_F(MergeTest, AnAttemptOfOursBehindOneThatCameEarlierIsKept) {
  const auto theirs = Theirs();
  Insert(*theirs, "b", {0});
  Train(*theirs, {Id(0), 1}, 100, 3, TrialState::kRunning);
  Must(Merge());
  Train(*Ours(), {Id(0), 2}, 200, 2, TrialState::kPending, {.worker = "here"});
  Train(*theirs, {Id(0), 2}, 300, 3);
  SQLite::Database(theirs_, SQLite::OPEN_READWRITE)
      .exec("UPDATE trial_attempts SET outcome = 'lost' WHERE generation = 1");
  Must(Merge());
  EXPECT_THAT(Sql(ours_, "SELECT state, attempts, wall_seconds FROM results"), ElementsAre("completed|3|10.0"));
  EXPECT_THAT(Sql(ours_, "SELECT worker, outcome FROM attempts ORDER BY generation"),
              ElementsAre("here|preempted", "worker|lost", "worker|completed"));
  ExpectWhole();
}

// How it was trained is no part of a trial's identity, and belongs to what was measured.
TEST_F(MergeTest, TheirTrainingComesWithTheirConfiguration) {
  const auto insert = [](Store& store, const char* sweep, int threads) {
    TrialRow trial = MakeNamedTrial(0);
    auto config = nlohmann::json::parse(trial.config_json);
    config["train.threads"] = threads;
    trial.config_json = config.dump();
    InsertTrials(store, sweep, {trial});
  };
  {
    insert(*Ours(), "a", 2);
    const auto theirs = Theirs();
    insert(*theirs, "b", 8);
    Train(*theirs, {Id(0), 1}, 300, 3);
  }
  Must(Merge());
  EXPECT_THAT(Sql(ours_, "SELECT value FROM params WHERE key = 'train.threads'"), ElementsAre("8"));
}

// A worker may hold checkpoints and an outbox of a trial that was deleted here, under its name and generation.
TEST_F(MergeTest, AttemptsOfATrialThatWasDeletedHereHaveLaterNames) {
  {
    const auto ours = Ours();
    Insert(*ours, "a", {0});
    StateChange change;
    change.deletion = {.sweep = "a", .begun_trials = {{Id(0), 7}}};
    ASSERT_TRUE(ours->Apply(std::move(change)).get().ok());
    const auto theirs = Theirs();
    Insert(*theirs, "b", {0});
    Train(*theirs, {Id(0), 1}, 300, 3);
  }
  Must(Merge());
  EXPECT_THAT(Sql(ours_, "SELECT generation FROM attempts"), ElementsAre("8"));
  EXPECT_THAT(Losses(0), ElementsAre("30|3.0|3.0"));
  ExpectWhole();
}

TEST_F(MergeTest, WhatIsStillToBeTrainedWaitsUntilSomebodyResumesIt) {
  {
    const auto theirs = Theirs();
    Insert(*theirs, "b", {0, 1});
    Train(*theirs, {Id(0), 1}, 100, 3, TrialState::kRunning);
  }
  EXPECT_THAT(Must(Merge()).waiting_sweeps, ElementsAre("b"));
  EXPECT_THAT(Sql(ours_, "SELECT state, worker FROM results ORDER BY seed"),
              ElementsAre("pending|NULL", "pending|NULL"));
  EXPECT_THAT(Sql(ours_, "SELECT name, state FROM sweeps"), ElementsAre("b|paused"));
  EXPECT_THAT(Sql(ours_, "SELECT outcome, ended_at FROM attempts"), ElementsAre("lost|1970-01-01T00:00:05.000Z"));
  ExpectWhole();
}

TEST_F(MergeTest, ASweepWhoseTrialIsCancelledHereCanBeResumed) {
  {
    const auto ours = Ours();
    Insert(*ours, "a", {0});
    SetState(*ours, Id(0), TrialState::kCancelled);
    Insert(*Theirs(), "b", {0});
  }
  EXPECT_THAT(Must(Merge()).waiting_sweeps, ElementsAre("b"));
  EXPECT_THAT(Sql(ours_, "SELECT state FROM sweeps WHERE name = 'b'"), ElementsAre("cancelled"));
}

// A finished sweep cannot be resumed.
TEST_F(MergeTest, ASweepThatFinishedThereWaitsForATrialThatIsCancelledHere) {
  {
    const auto ours = Ours();
    Insert(*ours, "a", {0});
    SetState(*ours, Id(0), TrialState::kCancelled);
    const auto theirs = Theirs();
    Insert(*theirs, "b", {0});
    SetState(*theirs, Id(0), TrialState::kFailed);
    ASSERT_TRUE(theirs->Apply({.sweeps = {{"b", SweepState::kFinished}}}).get().ok());
  }
  EXPECT_THAT(Must(Merge()).waiting_sweeps, ElementsAre("b"));
  EXPECT_THAT(Sql(ours_, "SELECT state FROM sweeps WHERE name = 'b'"), ElementsAre("cancelled"));
}

TEST_F(MergeTest, ANameOfAnotherSweepIsRefusedAndAnotherNameHelps) {
  {
    Insert(*Ours(), "same", {0});
    const auto theirs = Theirs();
    Insert(*theirs, "same", {1});
    Insert(*theirs, "other", {2});
  }
  const absl::Status refused = Merge().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr(ours_), HasSubstr(theirs_), HasSubstr("--rename same=")));
  EXPECT_THAT(Sql(ours_, "SELECT name FROM sweeps"), ElementsAre("same")) << "nothing of it is there";
  EXPECT_EQ(Merge({{"none", "x"}}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Must(Merge({{"same", "theirs"}})).added_sweeps, ElementsAre("theirs", "other"));
  EXPECT_THAT(Sql(ours_, "SELECT sweep, trial_id FROM results ORDER BY 1"),
              ElementsAre("other|" + Id(2), "same|" + Id(0), "theirs|" + Id(1)));
  ExpectWhole();
}

TEST_F(MergeTest, ASweepThatWasUpdatedThereIsBroughtUpToDate) {
  {
    const auto theirs = Theirs();
    Insert(*theirs, "s", {0});
    Train(*theirs, {Id(0), 1}, 300, 2);
  }
  ASSERT_TRUE(Merge().ok());
  {
    const auto theirs = Theirs();
    Update(*theirs, "s", "more seeds", {0, 1});
    Update(*theirs, "s", "many seeds", {0, 1, 2});
    Train(*theirs, {Id(1), 1}, 300, 3);
  }
  const MergeCounts counts = Must(Merge());
  EXPECT_THAT(counts.updated_sweeps, ElementsAre("s"));
  EXPECT_THAT(counts.waiting_sweeps, ElementsAre("s"));
  EXPECT_EQ(counts.added_trials, 2u);
  EXPECT_THAT(Sql(ours_, "SELECT trial_id, state, train_loss FROM results"),
              ElementsAre(Id(0) + "|completed|2.0", Id(1) + "|completed|3.0", Id(2) + "|pending|NULL"));
  for (const char* view : {"specs", "sweep_attributes", "ablation"}) {
    EXPECT_EQ(Sql(ours_, absl::StrCat("SELECT * FROM ", view)), Sql(theirs_, absl::StrCat("SELECT * FROM ", view)));
  }
  EXPECT_THAT(Sql(ours_, "SELECT name, state FROM sweeps"), ElementsAre("s|paused"));
  EXPECT_EQ(Must(Merge()).known_sweeps, 1u);
  ExpectWhole();
}

TEST_F(MergeTest, ASweepThatWasUpdatedHereStaysSo) {
  {
    const auto theirs = Theirs();
    Insert(*theirs, "s", {0, 1});
    Train(*theirs, {Id(1), 1}, 300, 3);
  }
  ASSERT_TRUE(Merge().ok());
  Update(*Ours(), "s", "more seeds", {0, 1, 2});
  Train(*Theirs(), {Id(0), 1}, 300, 2);
  const MergeCounts counts = Must(Merge());
  EXPECT_EQ(counts.known_sweeps, 1u);
  EXPECT_EQ(counts.finished_trials, 1u);
  EXPECT_THAT(Sql(ours_, "SELECT trial_id, state FROM results"),
              ElementsAre(Id(0) + "|completed", Id(1) + "|completed", Id(2) + "|pending"));
  EXPECT_THAT(Sql(ours_, "SELECT count(*) FROM specs"), ElementsAre("2"));
  ExpectWhole();
}

TEST_F(MergeTest, SweepsThatWereUpdatedApartAreRefused) {
  Insert(*Theirs(), "s", {0});
  ASSERT_TRUE(Merge().ok());
  Update(*Ours(), "s", "here", {0, 1});
  Update(*Theirs(), "s", "there", {0, 2});
  const absl::Status refused = Merge().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("update of the other"), HasSubstr("--rename s=")));
  EXPECT_THAT(Sql(ours_, "SELECT trial_id FROM results"), ElementsAre(Id(0), Id(1)));
  // A text alone makes no update: trials that only one of the two has would be lost.
  Update(*Theirs(), "s", "here", {0, 2});
  EXPECT_EQ(Merge().status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(MergeTest, ANewNameIsOneThatASweepMayHave) {
  {
    const auto theirs = Theirs();
    Insert(*theirs, "a", {0});
    Insert(*theirs, "b", {1});
  }
  const absl::Status doubled = Merge({{"a", "b"}}).status();
  EXPECT_EQ(doubled.code(), absl::StatusCode::kAlreadyExists) << doubled;
  EXPECT_THAT(std::string(doubled.message()), AllOf(HasSubstr("--rename"), HasSubstr("b")));
  const absl::Status unnamed = Merge({{"a", "of the laptop"}}).status();
  EXPECT_EQ(unnamed.code(), absl::StatusCode::kInvalidArgument) << unnamed;
  EXPECT_THAT(std::string(unnamed.message()), AllOf(HasSubstr("--rename"), HasSubstr("\"of the laptop\"")));
  EXPECT_THAT(Must(Merge({{"a", "b"}, {"b", "a"}})).added_sweeps, ElementsAre("b", "a"));
}

TEST_F(MergeTest, TrialsThatReadOtherDataAreNotOne) {
  const auto insert = [](std::unique_ptr<Store> store, const char* sweep, const char* fingerprint) {
    TrialRow trial = MakeNamedTrial(0);
    trial.data_fingerprint = fingerprint;
    InsertTrials(*store, sweep, {trial});
  };
  insert(Ours(), "a", "11");
  insert(Theirs(), "b", "22");
  const absl::Status refused = Merge().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr(Id(0)), HasSubstr("11"), HasSubstr("22")));
  EXPECT_THAT(Sql(ours_, "SELECT sweep FROM results"), ElementsAre("a"));
}

// Where nobody saw the files before, a sweep's first attempt fixes what it is of.
class MergedInputsTest : public MergeTest {
 protected:
  // A sweep of the trials 0 and 1, of which the first attempt trains one.
  static void TrainOne(Store& store, const std::string& sweep, int seed, const std::string& data) {
    Insert(store, sweep, {0, 1});
    Train(store, {Id(seed), 1}, 300, 3, TrialState::kCompleted, {.data_fingerprint = data});
    const absl::Status fixed = store.Apply({.fixed_inputs = {{sweep, kPython, data}}}).get();
    ASSERT_TRUE(fixed.ok()) << fixed;
  }
  std::string DataOf(const std::string& sweep) { return Must(Ours()->FixedInputs(sweep))[kPython]; }

  static inline const DataInput kPython{"python", ""};
};

TEST_F(MergedInputsTest, ASweepIsNotMixedOfTwoDataSets) {
  TrainOne(*Ours(), "s", 0, "d1");
  TrainOne(*Theirs(), "s", 1, "d2");
  const absl::Status refused = Merge().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("sweep s"), HasSubstr("Python files"), HasSubstr("d1"), HasSubstr("d2")));
  EXPECT_THAT(Sql(ours_, "SELECT state FROM results ORDER BY state"), ElementsAre("completed", "pending"));
}

TEST_F(MergedInputsTest, ASweepThatHadReadNothingGoesOnWithWhatTheirsRead) {
  Insert(*Ours(), "s", {0, 1});
  TrainOne(*Theirs(), "s", 0, "d2");
  Must(Merge());
  EXPECT_EQ(DataOf("s"), "d2");
  ExpectWhole();
}

TEST_F(MergedInputsTest, ANewSweepGoesOnWithWhatOursReadOfItsTrials) {
  TrainOne(*Ours(), "a", 0, "d1");
  Insert(*Theirs(), "b", {0, 1});
  Must(Merge());
  EXPECT_EQ(DataOf("b"), "d1");
}

TEST_F(MergedInputsTest, SweepsThatShareNoTrialMayReadDifferentData) {
  TrainOne(*Ours(), "a", 0, "d1");
  {
    const auto theirs = Theirs();
    Insert(*theirs, "b", {2});
    Train(*theirs, {Id(2), 1}, 300, 3, TrialState::kCompleted, {.data_fingerprint = "d2"});
    ASSERT_TRUE(theirs->Apply({.fixed_inputs = {{"b", kPython, "d2"}}}).get().ok());
  }
  Must(Merge());
  EXPECT_EQ(DataOf("a"), "d1");
  EXPECT_EQ(DataOf("b"), "d2");
}

// As versions of before schema version 4 have left it.
TEST_F(MergeTest, ATrialOfWhichNobodyKnowsWhatItReadIsNotShared) {
  const auto train = [](Store& store, const char* sweep, int seed) {
    Insert(store, sweep, {0, 1});
    Train(store, {Id(seed), 1}, 300, 3, TrialState::kCompleted, {.worker = sweep, .data_fingerprint = ""});
  };
  train(*Theirs(), "b", 0);
  Must(Merge());
  EXPECT_EQ(Must(Merge()).kept_trials, 2u) << "merged again, it is the same training";
  std::filesystem::remove(ours_);
  train(*Ours(), "a", 1);
  const absl::Status refused = Merge().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr(Id(0)), HasSubstr("not known")));
}

TEST_F(MergeTest, TheSourceIsOnlyReadAndMayBeInUse) {
  const auto theirs = Theirs();
  Insert(*theirs, "b", {0});
  Train(*theirs, {Id(0), 1}, 100, 3, TrialState::kRunning);
  Must(Merge());
  EXPECT_THAT(Sql(theirs_, "SELECT state FROM results"), ElementsAre("running"));
  Must(theirs->AppendPoints({Id(0), 1}, 0, ColumnsOf({MakeStep(100, {{{"train_loss"}, 3}})})).get());
  EXPECT_THAT(Losses(0), ElementsAre("10|3.0|3.0"));
}

TEST_F(MergeTest, ASourceOfAnOlderVersionIsBroughtUpToDateInACopy) {
  const std::string unpack =
      absl::StrCat("gzip -dc ", OFSWEEP_SOURCE_DIR, "/docs/reproduction/ofsweep.db.gz > ", theirs_);
  ASSERT_EQ(std::system(unpack.c_str()), 0);
  const MergeCounts counts = Must(Merge());
  EXPECT_EQ(counts.added_sweeps.size(), 3u);
  EXPECT_EQ(counts.added_trials, 42u);
  EXPECT_GT(counts.points, 0u);
  EXPECT_THAT(Sql(theirs_, "PRAGMA user_version"), ElementsAre("3"));
}

TEST_F(MergeTest, WhoWritesTheTargetIsNotDisturbed) {
  Insert(*Theirs(), "b", {0});
  const auto coordinator = Ours();
  const absl::Status refused = Merge().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("another coordinator"));
}

TEST_F(MergeTest, AFullDiskLeavesTheTargetAsItWas) {
  {
    Insert(*Ours(), "a", {0});
    const auto theirs = Theirs();
    Insert(*theirs, "b", {1});
    Train(*theirs, {Id(1), 1}, 100'000, 3);
  }
  // It ends in the copy of the source, or while the target is written.
  absl::Status merged = absl::UnknownError("not tried yet");
  for (rlim_t bytes = 100'000; !merged.ok(); bytes += 100'000) {
    ASSERT_LT(bytes, 10'000'000u);
    {
      const FileSizeLimit limit(bytes);
      merged = Merge().status();
    }
    if (merged.ok()) break;
    EXPECT_EQ(merged.code(), absl::StatusCode::kResourceExhausted) << merged;
    EXPECT_THAT(Sql(ours_, "SELECT sweep FROM results"), ElementsAre("a"));
    EXPECT_FALSE(std::filesystem::exists(folder_.File(".ours.db.ofsweep-draft")));
    ExpectWhole();
  }
  EXPECT_THAT(Losses(1), ElementsAre("10000|3.0|3.0"));
  ExpectWhole();
}

TEST_F(MergeTest, WhatIsNoDatabaseOfOursOrTheTargetItselfIsRefused) {
  EXPECT_EQ(Merge().status().code(), absl::StatusCode::kNotFound);
  SQLite::Database(theirs_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE photos (id INTEGER)");
  EXPECT_THAT(std::string(Merge().status().message()), HasSubstr("not made by ofsweep"));
  EXPECT_FALSE(std::filesystem::exists(ours_)) << "made for nothing";
  Insert(*Ours(), "a", {0});
  EXPECT_EQ(MergeDatabase({.from = ours_, .into = ours_}).status().code(), absl::StatusCode::kInvalidArgument);
}

// Whoever adds a table decides what of it a merge takes along.
TEST_F(MergeTest, EveryTableIsOneThatAMergeKnows) {
  Ours();
  EXPECT_THAT(Sql(ours_, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"),
              ElementsAre("arms", "audit_log", "database", "deleted_trials", "earlier_specs", "principals",
                          "recent_points", "sealed_points", "series", "sweep_inputs", "sweep_trials", "sweeps",
                          "trial_attempts", "trial_configs", "trial_results", "trials", "trials_to_clear"));
}

}  // namespace
}  // namespace ofsweep
