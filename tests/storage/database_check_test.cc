// A check finds what is wrong with a database, says it in words, and finds nothing where nothing is.
#include "storage/database_check.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "storage/log_store.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DatabaseCheckTest : public testing::Test {
 protected:
  // Two trials of one sweep: one is sealed, one runs; 41 steps of 4 points each.
  std::unique_ptr<Store> StartStore() {
    std::unique_ptr<Store> store = OpenStore(path_, 5);
    InsertTrials(*store, "s", {MakeNamedTrial(0), MakeNamedTrial(1)});
    Train(*store, {done_, 1}, 300, 4);
    Train(*store, {running_, 1}, 110, 4, TrialState::kRunning);
    return store;
  }
  // With the sealing done that was asked for: the writer ends with its queue, and the next one goes on.
  void MakeDatabase() {
    StartStore();
    const auto store = OpenStore(path_);
    while (!Sql(path_, "SELECT 1 FROM recent_points JOIN trials ON trials.id = trial WHERE state = 'completed' LIMIT 1")
                .empty()) {
      ASSERT_TRUE(store->Probe().get().ok());
    }
  }
  void Damage(const std::string& sql) { SQLite::Database(path_, SQLite::OPEN_READWRITE).exec(sql); }
  // "NAME: FAULT" of all.
  std::vector<std::string> Faults() {
    std::vector<std::string> faults;
    for (const DatabaseCheck& check : Must(CheckDatabase(path_))) {
      EXPECT_EQ(check.faults.empty(), check.fault_count == 0);
      EXPECT_NE(check.mend, "");
      for (const std::string& fault : check.faults) faults.push_back(absl::StrCat(check.name, ": ", fault));
    }
    return faults;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  const std::string done_ = MakeNamedTrial(0).trial_id;
  const std::string running_ = MakeNamedTrial(1).trial_id;
};

TEST_F(DatabaseCheckTest, NothingIsWrongWithADatabaseThatIsWrittenMeanwhile) {
  const auto store = StartStore();
  EXPECT_THAT(Faults(), IsEmpty());
  Must(store->AppendPoints({running_, 1}, 0, ColumnsOf({MakeStep(110, {{{"train_loss"}, 3}})})).get());
  EXPECT_THAT(Faults(), IsEmpty());
  std::string extents;
  for (const DatabaseCheck& check : Must(CheckDatabase(path_))) absl::StrAppend(&extents, check.extent, "\n");
  EXPECT_THAT(extents, AllOf(HasSubstr("1 sweep, 2 trials, 2 attempts"), HasSubstr("1 completed, 1 running"),
                             HasSubstr("167 points")));
}

TEST_F(DatabaseCheckTest, APointInTheTableOfOtherStepsIsFound) {
  MakeDatabase();
  Damage(
      absl::StrCat("INSERT INTO recent_points SELECT trial, step, series, value FROM sealed_points JOIN trials ON "
                   "trials.id = trial WHERE trial_id = '",
                   done_, "' AND step = 20 LIMIT 1"));
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr("points: "), HasSubstr(done_), HasSubstr("not sealed"))));
}

TEST_F(DatabaseCheckTest, AHoleInACurveIsFoundWithItsStep) {
  MakeDatabase();
  for (const char* table : {"sealed_points", "recent_points"}) {
    Damage(absl::StrCat("DELETE FROM ", table, " WHERE step = 30"));
  }
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr("curves: "), HasSubstr("no point of step 30")),
                                    AllOf(HasSubstr("curves: "), HasSubstr("no point of step 30"))));
}

TEST_F(DatabaseCheckTest, AResultThatIsNotWhatThePointsComeToIsFound) {
  MakeDatabase();
  Damage("UPDATE trial_results SET train_loss = 3.5");
  EXPECT_THAT(Faults(), testing::SizeIs(2));
  EXPECT_THAT(Faults().at(0), AllOf(HasSubstr("results: "), HasSubstr("train_loss is 3.5"), HasSubstr("come to 4")));
}

TEST_F(DatabaseCheckTest, EveryColumnOfResultsIsCompared) {
  MakeDatabase();
  for (const std::string column : {"kurtosis_mean", "kurtosis_blocks", "kurtosis_max", "tokens", "steps"}) {
    const std::string was = Sql(path_, "SELECT " + column + " FROM trial_results WHERE trial = 1").at(0);
    Damage(absl::StrCat("UPDATE trial_results SET ", column, " = 7 WHERE trial = 1"));
    EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr("results: "), HasSubstr(done_), HasSubstr(column + " is 7"))));
    Damage(absl::StrCat("UPDATE trial_results SET ", column, " = ", was, " WHERE trial = 1"));
  }
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(DatabaseCheckTest, ATrialThatIsNotNamedAfterItsConfigurationIsFound) {
  MakeDatabase();
  Damage("UPDATE trial_configs SET config = json_set(config, '$.\"optimizer.learning_rate\"', 0.125) WHERE trial = 1");
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr("identities: "), HasSubstr(done_))));
  // How it is trained is no part of its name.
  Damage(
      "UPDATE trial_configs SET config = json_set(config, '$.\"optimizer.learning_rate\"', (SELECT learning_rate FROM "
      "trials WHERE id = 1), '$.\"train.threads\"', 7) WHERE trial = 1");
  EXPECT_THAT(Faults(), IsEmpty());
}

// Programs before version 3 wrote what the trainer had made of `auto` over what a trial was named after.
TEST_F(DatabaseCheckTest, TrialsOfEarlyVersionsAreNamedAfterWhatWasSubmitted) {
  const std::string unpack = "gzip -dc " OFSWEEP_SOURCE_DIR "/docs/reproduction/ofsweep.db.gz > " + path_;
  ASSERT_EQ(std::system(unpack.c_str()), 0);
  OpenStore(path_);
  EXPECT_THAT(Faults(), IsEmpty());
  Damage("UPDATE trial_configs SET config = json_set(config, '$.\"optimizer.learning_rate\"', 0.125) WHERE trial = 1");
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("identities: ")));
}

TEST_F(DatabaseCheckTest, WhatWasSubmittedSinceIsTakenAtItsWord) {
  MakeDatabase();
  Damage(
      "UPDATE trial_attempts SET resolved = '{\"train.threads\":2}'; UPDATE trial_configs SET config = "
      "json_set(config, "
      "'$.\"train.precision\"', 'fp64')");
  EXPECT_THAT(Faults(), testing::SizeIs(2));
}

TEST_F(DatabaseCheckTest, RowsThatReferToNothingAndStatesThatContradictAreFound) {
  MakeDatabase();
  Damage("UPDATE sweep_trials SET arm = 99 WHERE position = 1");
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr("references: "), HasSubstr("arm")),
                                    AllOf(HasSubstr("states: "), HasSubstr("results shows 1"))));
  Damage(
      "UPDATE sweep_trials SET arm = 1; UPDATE trials SET state = 'finished' WHERE id = 1; "
      "UPDATE trials SET generation = 0 WHERE id = 2; "
      "INSERT INTO sealed_points (trial, series, step, value) VALUES (77, 1, 0, 1)");
  EXPECT_THAT(Faults(), ElementsAre(HasSubstr("sealed_points: holds points of 1 trials"),
                                    HasSubstr("unknown state finished"), HasSubstr("newest attempt")));
}

TEST_F(DatabaseCheckTest, StatesThatNoSchedulerLeavesAreFound) {
  MakeDatabase();
  Damage("UPDATE sweeps SET state = 'finished'");
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr("states: sweep s"), HasSubstr("1 of its trials"))));
  Damage("UPDATE sweeps SET state = 'active'; UPDATE trial_attempts SET outcome = '' WHERE trial = 1");
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr(done_), HasSubstr("is completed"), HasSubstr("no end"))));
  Damage(
      "UPDATE trial_attempts SET outcome = 'completed' WHERE trial = 1; "
      "UPDATE trial_attempts SET outcome = 'lost' WHERE trial = 2");
  EXPECT_THAT(Faults(), ElementsAre(AllOf(HasSubstr(running_), HasSubstr("is running without"))));
}

TEST_F(DatabaseCheckTest, OfManyFaultsTheFirstAreListedAndAllAreCounted) {
  auto store = OpenStore(path_);
  std::vector<TrialRow> trials;
  for (int seed = 0; seed < 30; ++seed) trials.push_back(MakeNamedTrial(seed));
  InsertTrials(*store, "s", trials);
  store.reset();
  Damage("UPDATE trials SET state = 'asleep'");
  const auto checks = Must(CheckDatabase(path_));
  EXPECT_THAT(checks, testing::Contains(AllOf(testing::Field(&DatabaseCheck::name, "states"),
                                              testing::Field(&DatabaseCheck::fault_count, 30),
                                              testing::Field(&DatabaseCheck::faults, testing::SizeIs(10)))));
}

TEST_F(DatabaseCheckTest, ADamagedFileIsFoundAndNothingElseIsRead) {
  MakeDatabase();
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    for (int page = 8; page < 14; ++page) {
      file.seekp(page * 4096 + 8);
      file << std::string(2000, '\xee');
    }
  }
  const auto checks = CheckDatabase(path_);
  if (!checks.ok()) {
    EXPECT_EQ(checks.status().code(), absl::StatusCode::kDataLoss);
    return;
  }
  ASSERT_EQ(checks->size(), 1u);
  EXPECT_EQ(checks->at(0).name, "file");
  EXPECT_GT(checks->at(0).fault_count, 0u);
  EXPECT_THAT(checks->at(0).mend, HasSubstr(".recover"));
}

TEST_F(DatabaseCheckTest, AConfigurationThatIsNoJsonIsNamedWithItsTrial) {
  MakeDatabase();
  const std::string trial = Sql(path_, "SELECT trial_id FROM trials WHERE id = 2").at(0);
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("UPDATE trial_configs SET config = 'x{bad' WHERE trial = 2");
  const auto checks = CheckDatabase(path_);
  ASSERT_TRUE(checks.ok()) << checks.status();
  EXPECT_THAT(checks->at(0).faults, testing::ElementsAre("trial " + trial + ": its configuration is no JSON"));
}

TEST_F(DatabaseCheckTest, WhatIsNoDatabaseOfThisVersionIsRefused) {
  EXPECT_EQ(CheckDatabase(path_).status().code(), absl::StatusCode::kNotFound);
  std::ofstream(path_) << "name: quickstart\n";
  EXPECT_EQ(CheckDatabase(path_).status().code(), absl::StatusCode::kFailedPrecondition);
  std::filesystem::remove(path_);
  MakeDatabase();
  Damage("PRAGMA user_version = 2");
  EXPECT_THAT(std::string(CheckDatabase(path_).status().message()), HasSubstr("older ofsweep"));
}

TEST_F(DatabaseCheckTest, LogsAreCheckedLikewise) {
  const std::string path = folder_.File("logs.db");
  {
    LogStore logs({.path = path});
    Must(logs.Append(std::vector<LogPiece>{{.attempt = {"t", 1}, .begin = 0, .text = "step 1\n"}}));
  }
  const DatabaseCheck check = CheckLogs(path);
  EXPECT_EQ(check.fault_count, 0u);
  EXPECT_THAT(check.extent, HasSubstr("1 log,"));
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("DELETE FROM logs");
  EXPECT_THAT(CheckLogs(path).faults, ElementsAre(HasSubstr("of no log")));
  EXPECT_THAT(CheckLogs(path_).faults, ElementsAre(HasSubstr("no database")));
}

}  // namespace
}  // namespace ofsweep
