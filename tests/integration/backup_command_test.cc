// `ofsweep db backup` beside a coordinator that stores what a worker trains.
#include <csignal>

#include <gmock/gmock.h>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

TEST_F(SweepFixture, ABackupFollowsASweepUntilItIsStopped) {
  StartCoordinator();
  StartWorker();
  Process backup({kOfsweep, "db", "backup", "--data-dir", Path("data"), "--to", Path("copy.db"), "--every", "0.2s"});
  ASSERT_TRUE(backup.WaitForOut("copied")) << backup.Err();
  ASSERT_EQ(Command({"submit", WriteSpec({})}).exit_code, 0);
  ASSERT_TRUE(WaitUntil([&] { return Show("tiny")["state"] == "finished"; }));
  const auto trained = StoredCurves(Path("data") + "/ofsweep.db");
  EXPECT_FALSE(trained.empty());
  EXPECT_TRUE(WaitUntil([&] { return StoredCurves(Path("copy.db")) == trained; }));
  backup.Signal(SIGTERM);
  EXPECT_EQ(backup.Wait(), 0);
  EXPECT_EQ(backup.Err(), "");
  EXPECT_FALSE(std::filesystem::exists(Path(".copy.db.ofsweep-draft")));
}

TEST_F(SweepFixture, ABackupWithoutADatabaseOrAFolderSaysWhatIsMissing) {
  const Finished no_database = Ofsweep({"db", "backup", "--data-dir", Path("data"), "--to", Path("copy.db")});
  EXPECT_EQ(no_database.exit_code, 1);
  EXPECT_THAT(no_database.err, HasSubstr("no database"));
  StartCoordinator();
  const Finished no_folder = Ofsweep({"db", "backup", "--data-dir", Path("data"), "--to", Path("none/copy.db")});
  EXPECT_EQ(no_folder.exit_code, 1);
  EXPECT_THAT(no_folder.err, HasSubstr("no folder"));
  const Finished once = Ofsweep({"db", "backup", "--data-dir", Path("data"), "--to", Path("copy.db")});
  EXPECT_EQ(once.exit_code, 0) << once.err;
  EXPECT_THAT(once.out, HasSubstr("copied"));
}

}  // namespace
}  // namespace ofsweep
