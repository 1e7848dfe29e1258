// Of a database in which anything is wrong a merge brings nothing: what was brought cannot be told from what was there.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "storage/database_check.h"
#include "storage/merge.h"
#include "tests/storage/database_damage.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class DamagedSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    InsertTrials(*OpenStore(ours_), "a", {MakeNamedTrial(0)});
    const auto theirs = OpenStore(theirs_);
    InsertTrials(*theirs, "b", {MakeNamedTrial(1), MakeNamedTrial(2)});
    Train(*theirs, {MakeNamedTrial(1).trial_id, 1}, 50, 3);
    Train(*theirs, {MakeNamedTrial(2).trial_id, 1}, 50, 3, TrialState::kRunning);  // whose points are not sealed
  }
  absl::StatusOr<MergeCounts> Merge() { return MergeDatabase({.from = theirs_, .into = ours_, .now = 5000}); }
  void Damage(const std::string& sql) { SQLite::Database(theirs_, SQLite::OPEN_READWRITE).exec(sql); }
  // What the refusal says.
  std::string Refused() {
    const absl::Status merged = Merge().status();
    EXPECT_EQ(merged.code(), absl::StatusCode::kDataLoss) << merged;
    EXPECT_THAT(Sql(ours_, "SELECT sweep FROM results"), ElementsAre("a"));
    for (const DatabaseCheck& check : Must(CheckDatabase(ours_))) EXPECT_THAT(check.faults, testing::IsEmpty());
    return std::string(merged.message());
  }

  TemporaryFolder folder_;
  const std::string ours_ = folder_.File("ours.db");
  const std::string theirs_ = folder_.File("theirs.db");
};

TEST_F(DamagedSourceTest, RowsThatAreNotInTheOrderOfTheirKeys) {
  SwapRows(theirs_, "recent_points");
  EXPECT_THAT(Refused(),
              AllOf(HasSubstr(theirs_ + ": "), HasSubstr("damaged"), HasSubstr("nothing of it was brought")));
}

TEST_F(DamagedSourceTest, ARowThatIsNotInItsPage) {
  LoseRow(theirs_, "recent_points");
  EXPECT_THAT(Refused(), AllOf(HasSubstr(theirs_ + ": "), HasSubstr("damaged"), HasSubstr("db backup")));
}

TEST_F(DamagedSourceTest, JsonThatCannotBeRead) {
  for (const std::string change :
       {"trial_configs SET config = substr(config, 2)", "trial_configs SET config = replace(config, 'adam', x'61ff')",
        "trial_attempts SET resolved = '{'", "trial_attempts SET left_out = '{\"x\"'", "arms SET keys = 'op'"}) {
    SQLite::Database database(theirs_, SQLite::OPEN_READWRITE);
    const std::string table = change.substr(0, change.find(' '));
    database.exec("CREATE TEMP TABLE before AS SELECT * FROM " + table);
    database.exec("UPDATE " + change);
    EXPECT_THAT(Refused(), AllOf(HasSubstr(theirs_ + ": "), HasSubstr("no JSON"), HasSubstr("ofsweep db check")))
        << change;
    database.exec("DELETE FROM " + table + "; INSERT INTO " + table + " SELECT * FROM before");
  }
  Must(Merge());
}

TEST_F(DamagedSourceTest, ACurveWithAHole) {
  Damage("DELETE FROM recent_points WHERE step = 20; DELETE FROM sealed_points WHERE step = 20");
  EXPECT_THAT(Refused(), HasSubstr("no point of step 20"));
}

// version_1.db.gz: see opening_test.cc.
TEST_F(DamagedSourceTest, AnOlderVersionWithoutThePointsOfSomeTrials) {
  std::filesystem::remove(theirs_);
  const std::string unpack = "gzip -dc " OFSWEEP_SOURCE_DIR "/tests/storage/version_1.db.gz > " + theirs_;
  ASSERT_EQ(std::system(unpack.c_str()), 0);
  EXPECT_THAT(Refused(), HasSubstr("steps is 1200, but its points come to 0"));
}

TEST_F(DamagedSourceTest, ResultsThatThePointsDoNotComeTo) {
  Damage("UPDATE trial_results SET train_loss = 2");
  EXPECT_THAT(Refused(), HasSubstr("train_loss is 2"));
}

}  // namespace
}  // namespace ofsweep
