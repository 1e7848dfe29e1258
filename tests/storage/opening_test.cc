// Opening: whatever is wrong with the file or its folder is said with its path and the way to mend it, and nothing is
// damaged.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "storage/schema_v1.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OpeningTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");

  absl::Status OpenError(const std::string& path) { return Store::Open({.path = path}).status(); }
  static std::string Text(const absl::Status& status) { return std::string(status.message()); }
  static std::string Bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

// SQLite reads "file:…" as a URI where it is built so, and what follows '?' in it as options.
TEST_F(OpeningTest, AFolderWhoseNameLooksLikeAUriIsAFolder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  OpenStore("file:data?mode=memory/ofsweep.db");
  EXPECT_TRUE(Store::OpenReadOnly("file:data?mode=memory/ofsweep.db").ok());
  std::filesystem::current_path(before);
  EXPECT_TRUE(std::filesystem::exists(folder_.File("file:data?mode=memory/ofsweep.db")));
}

TEST_F(OpeningTest, AMissingFileAndItsFoldersAreMade) {
  const std::string path = folder_.File("new/deep/ofsweep.db");
  OpenStore(path);
  EXPECT_TRUE(Must(Store::OpenReadOnly(path)) != nullptr);
}

TEST_F(OpeningTest, TheFileSaysWhoseItIsAndOfWhichVersion) {
  OpenStore(path_);
  EXPECT_THAT(Sql(path_, "PRAGMA application_id"), testing::ElementsAre(std::to_string(0x4F465357)));
  EXPECT_THAT(Sql(path_, "PRAGMA user_version"), testing::ElementsAre("10"));
  EXPECT_THAT(Sql(path_, "PRAGMA journal_mode"), testing::ElementsAre("wal"));
}

TEST_F(OpeningTest, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string text = "name: quickstart\ntrial: {}\n" + std::string(2000, 'x');
  std::ofstream(path_) << text;
  const absl::Status error = OpenError(path_);
  EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(error), AllOf(HasSubstr(path_), HasSubstr("not a database"), HasSubstr("--data-dir")));
  EXPECT_EQ(Bytes(path_), text);
  EXPECT_EQ(Store::OpenReadOnly(path_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(OpeningTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  SQLite::Database(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE photos (id INTEGER)");
  const std::string before = Bytes(path_);
  const absl::Status error = OpenError(path_);
  EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(error), HasSubstr("not made by ofsweep"));
  EXPECT_EQ(Bytes(path_), before);
}

TEST_F(OpeningTest, ADatabaseOfANewerVersionIsRefusedAndLeftAlone) {
  OpenStore(path_);
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  for (const absl::Status& error : {OpenError(path_), Store::OpenReadOnly(path_).status()}) {
    EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(Text(error), AllOf(HasSubstr("newer ofsweep"), HasSubstr("99")));
  }
  EXPECT_THAT(Sql(path_, "PRAGMA user_version"), testing::ElementsAre("99"));
}

TEST_F(OpeningTest, AVersionThatNobodyWroteIsRefusedAndLeftAlone) {
  OpenStore(path_);
  for (const char* version : {"0", "-1", "-2147483648"}) {
    SQLite::Database(path_, SQLite::OPEN_READWRITE).exec(std::string("PRAGMA user_version = ") + version);
    for (const absl::Status& error : {OpenError(path_), Store::OpenReadOnly(path_).status()}) {
      EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition) << error;
      EXPECT_THAT(Text(error), AllOf(HasSubstr(path_), HasSubstr(std::string("schema version is ") + version),
                                     HasSubstr("--data-dir")));
    }
    EXPECT_THAT(Sql(path_, "PRAGMA user_version"), testing::ElementsAre(version));
  }
}

// Views of older versions name columns that the tables have no more.
constexpr const char* kViewOfVersion1 =
    "CREATE VIEW results AS SELECT trial_id, started_at / 1000.0 AS started FROM trials";

TEST_F(OpeningTest, ADatabaseOfVersion1KeepsItsResultsAndGainsTheNewColumns) {
  {
    SQLite::Database old(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(kSchemaV1);
    old.exec(kViewOfVersion1);
    old.exec(
        "PRAGMA application_id = 0x4F465357; PRAGMA user_version = 1;"
        "INSERT INTO sweeps VALUES (1, 's', 'finished', '', 0, 0);"
        "INSERT INTO trials VALUES (1, 'a', 'h', 'completed', 1, 1, 0, 9, '', '', '', 0, 0, 0, 'op', 'adam', 1e-3, 0);"
        "INSERT INTO trial_configs VALUES (1, '{}');"
        "INSERT INTO sweep_trials VALUES (1, 0, 1);"
        "INSERT INTO trial_results VALUES (1, 9, 0, 9, 90, 8, 2.5, 9, 2.75, 9, 15.6, 9, 16.5, 8, 2, 5, 3, 4, -1, "
        "NULL);"
        "INSERT INTO trials VALUES (2, 'b', 'h', 'running', 1, 1, 0, 9, 'host', '', '', 0, 1795000000123, 0, 'op', "
        "'adam', 1e-3, 1);"
        "INSERT INTO trial_configs VALUES (2, '{}');"
        "INSERT INTO sweep_trials VALUES (1, 1, 2);");
  }
  EXPECT_EQ(Store::OpenReadOnly(path_).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto store = OpenStore(path_);
  const auto values = [&] { return Must(store->ListResults("s", {}, 10, 0)).at(0).values; };
  EXPECT_EQ(values().at("int8_perplexity"), 16.5);
  EXPECT_EQ(values().count("w8a4_perplexity"), 0u);
  Must(store->AppendPoints({"a"}, 0, ColumnsOf({MakeStep(9, {{{"w8a4_perplexity", std::nullopt, ""}, 20}})})).get());
  EXPECT_EQ(values().at("w8a4_perplexity"), 20);
  EXPECT_EQ(values().at("eval_loss"), 2.75);
  EXPECT_THAT(Sql(path_,
                  "SELECT steps, kurtosis_mean, kurtosis_max, int8_perplexity, w8a5_perplexity, w8a4_perplexity, "
                  "worker, started_at, failure_class FROM results ORDER BY trial_id"),
              testing::ElementsAre("9|2.5|3.0|16.5|NULL|20.0|NULL|NULL|NULL",
                                   "0|NULL|NULL|NULL|NULL|NULL|host|2026-11-18T11:06:40.123Z|NULL"));
  EXPECT_EQ(Must(store->FindTrial("b"))->started_at, 1795000000123);
}

TEST_F(OpeningTest, ADatabaseOfVersion1HasTheArmsThatItsSweepsName) {
  {
    SQLite::Database old(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(kSchemaV1);
    old.exec(kViewOfVersion1);
    old.exec(
        "PRAGMA application_id = 0x4F465357; PRAGMA user_version = 1;"
        "INSERT INTO sweeps VALUES (1, 's', 'finished', 'grid: {optimizer: {epsilon: [1e-8, 1e-4]}, seed: [0, 1]}', "
        "0, 0), (2, 'seeds', 'finished', 'grid: {seed: [0, 1]}', 0, 0);"
        "INSERT INTO sweep_trials VALUES (1, 0, 1), (1, 1, 2), (1, 2, 3), (1, 3, 4), (2, 0, 1), (2, 1, 3);");
    for (const char* trial : {"1, '{\"optimizer.epsilon\":1e-08,\"train.threads\":2,\"seed\":0}'",
                              "2, '{\"optimizer.epsilon\":0.0001,\"train.threads\":2,\"seed\":0}'",
                              "3, '{\"optimizer.epsilon\":1e-08,\"train.threads\":4,\"seed\":1}'",
                              "4, '{\"optimizer.epsilon\":0.0001,\"train.threads\":4,\"seed\":1}'"}) {
      old.exec(std::string("INSERT INTO trial_configs VALUES (") + trial + ")");
      old.exec(std::string("INSERT INTO trials VALUES (") + trial[0] + ", 'id" + trial[0] +
               "', 'h', 'completed', 1, 1, 0, 9, '', '', '', 0, 0, 0, 'op', 'adam', 1e-3, 0)");
    }
  }
  OpenStore(path_);
  EXPECT_THAT(Sql(path_, "SELECT sweep, arm, arm_keys, n FROM ablation ORDER BY sweep, arm"),
              testing::ElementsAre("s|optimizer.epsilon=0.0001|{\"optimizer.epsilon\":0.0001}|2",
                                   "s|optimizer.epsilon=1e-08|{\"optimizer.epsilon\":1e-08}|2", "seeds||{}|2"));
}

// version_1.db.gz: three sweeps of 42 trials that a program of version 1 trained; of two trials it holds the points.
TEST_F(OpeningTest, ADatabaseThatVersion1MadeShowsWhatItShowedThere) {
  const std::string unpack = "gzip -dc " OFSWEEP_SOURCE_DIR "/tests/storage/version_1.db.gz > " + path_;
  ASSERT_EQ(std::system(unpack.c_str()), 0);
  const auto store = OpenStore(path_);
  EXPECT_THAT(Sql(path_,
                  "SELECT arm, n, round(kurtosis_max_mean, 3), round(eval_loss_mean, 3) FROM ablation "
                  "WHERE sweep = 'adam-epsilon-small' ORDER BY arm_keys ->> '$.\"optimizer.epsilon\"'"),
              testing::ElementsAre("optimizer.epsilon=1e-08|3|6.47|2.846", "optimizer.epsilon=1e-06|3|7.373|2.795",
                                   "optimizer.epsilon=1e-05|3|5.419|2.673", "optimizer.epsilon=0.0001|3|1.83|2.598",
                                   "optimizer.epsilon=0.0003|3|1.189|2.555"));
  EXPECT_THAT(Sql(path_, "SELECT count(*), count(DISTINCT trial_id) FROM curves"), testing::ElementsAre("11144|2"));
  EXPECT_THAT(Sql(path_, "SELECT count(DISTINCT trial_id), min(precision), count(data_fingerprint) FROM provenance"),
              testing::ElementsAre("42|fp32|0"))
      << "what they read was not looked at";
  EXPECT_THAT(Sql(path_,
                  "SELECT layer, count(*), round(max(value), 3) FROM curves WHERE trial_id = 'df50356025a5c443' "
                  "AND metric = 'kurtosis' AND site = 'block' GROUP BY layer ORDER BY layer LIMIT 2"),
              testing::ElementsAre("0|121|9.768", "1|121|9.543"));
}

// A trainer refuses a configuration that does not hash to its trial, and `auto` is part of the hash.
TEST_F(OpeningTest, AnUnfinishedTrialOfVersion1IsAsItWasSubmitted) {
  {
    SQLite::Database old(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(kSchemaV1);
    old.exec(kViewOfVersion1);
    old.exec(
        "PRAGMA application_id = 0x4F465357; PRAGMA user_version = 1;"
        "INSERT INTO sweeps VALUES (1, 's', 'running', 'base: {train: {threads: 2}}', 0, 0);"
        "INSERT INTO sweep_trials VALUES (1, 0, 1), (1, 1, 2);");
    for (const char* trial : {"1, 'a', 'h', 'completed'", "2, 'b', 'h', 'running'"}) {
      const std::string id(1, trial[0]);
      old.exec("INSERT INTO trials VALUES (" + std::string(trial) +
               ", 1, 1, 0, 9, '', '', '', 0, 0, 0, 'op', 'adam', 1e-3, 0)");
      old.exec("INSERT INTO trial_configs VALUES (" + id +
               R"(, '{"train.precision":"fp32","train.threads":2,"train.steps":9}'))");
    }
  }
  const auto store = OpenStore(path_);
  EXPECT_EQ(Must(store->FindTrial("a"))->config_json,
            R"({"train.precision":"fp32","train.threads":2,"train.steps":9})");
  EXPECT_EQ(Must(store->FindTrial("b"))->config_json,
            R"({"train.precision":"auto","train.threads":2,"train.steps":9})");
}

TEST_F(OpeningTest, ReadersAskForTheMigrationOfAnOlderVersion) {
  OpenStore(path_);
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1");
  const absl::Status error = Store::OpenReadOnly(path_).status();
  EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(error), AllOf(HasSubstr("older ofsweep"), HasSubstr("ofsweep coordinator")));
}

TEST_F(OpeningTest, ADamagedFileIsReportedAsSuch) {
  OpenStore(path_);
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(100);
    file << std::string(3000, '\xff');
  }
  const absl::Status error = OpenError(path_);
  EXPECT_EQ(error.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Text(error), HasSubstr(".recover"));
}

TEST_F(OpeningTest, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder_.File("file")) << "in the way";
  const absl::Status error = OpenError(folder_.File("file/data/ofsweep.db"));
  EXPECT_EQ(error.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Text(error), AllOf(HasSubstr(folder_.File("file")), HasSubstr("--data-dir")));
}

// In a child process, because root may write everywhere: the child becomes nobody.
TEST_F(OpeningTest, AnUnwritableFolderIsNamed) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const absl::Status error = OpenError(path_);
    const bool named = error.code() == absl::StatusCode::kPermissionDenied && Text(error).starts_with(path_);
    ::_exit(named ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  ::chmod(folder_.path().c_str(), 0755);
}

TEST_F(OpeningTest, OnlyOneStoreWritesAndTheSecondIsToldWhoDoes) {
  std::unique_ptr<Store> first = OpenStore(path_);
  const absl::Status error = OpenError(path_);
  EXPECT_EQ(error.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Text(error), AllOf(HasSubstr(path_), HasSubstr("process " + std::to_string(::getpid()))));
  EXPECT_TRUE(Store::OpenReadOnly(path_).ok());
  first.reset();
  EXPECT_TRUE(OpenError(path_).ok());
}

TEST_F(OpeningTest, AFileHasOneWriterByWhateverLinkItIsNamed) {
  const std::string link = folder_.File("now.db");
  OpenStore(path_);
  std::filesystem::create_symlink(path_, link);
  {
    const std::unique_ptr<Store> writer = OpenStore(path_);
    EXPECT_EQ(OpenError(link).code(), absl::StatusCode::kUnavailable);
  }
  const std::unique_ptr<Store> writer = OpenStore(link);
  EXPECT_EQ(OpenError(path_).code(), absl::StatusCode::kUnavailable);
}

TEST_F(OpeningTest, AKilledWriterLeavesNoLockBehind) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::unique_ptr<Store> store = OpenStore(path_);
    if (store == nullptr || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(OpenError(path_).code(), absl::StatusCode::kUnavailable);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(OpenError(path_).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(OpeningTest, AReadOnlyStoreRefusesWritesAndAMissingFile) {
  EXPECT_EQ(Store::OpenReadOnly(path_).status().code(), absl::StatusCode::kNotFound);
  const std::unique_ptr<Store> writer = OpenStore(path_);
  const std::unique_ptr<Store> reader = Must(Store::OpenReadOnly(path_));
  EXPECT_EQ(reader->Apply({.new_sweep = NewSweep{{.name = "s"}}}).get().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(reader->AppendPoints({"a"}, 0, ColumnsOf({})).get().status().code(), absl::StatusCode::kFailedPrecondition);
  InsertTrials(*writer, "s", {});
  EXPECT_TRUE(Must(reader->FindSweep("s")).has_value());
}

TEST_F(OpeningTest, AClosedStoreIsOneFile) {
  std::unique_ptr<Store> store = OpenStore(path_);
  InsertTrials(*store, "s", {MakeTrial("a")});
  EXPECT_TRUE(Must(store->FindTrial("a")).has_value());
  store.reset();
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  std::filesystem::copy_file(path_, folder_.File("copy.db"));
  EXPECT_TRUE(Must(OpenStore(folder_.File("copy.db"))->FindTrial("a")).has_value());
}

TEST_F(OpeningTest, SizesAreThoseOfTheFiles) {
  const std::unique_ptr<Store> store = OpenStore(path_);
  InsertTrials(*store, "s", {MakeTrial("a")});
  EXPECT_EQ(store->DatabaseBytes(), std::filesystem::file_size(path_));
  EXPECT_EQ(store->WalBytes(), std::filesystem::file_size(path_ + "-wal"));
  EXPECT_GT(store->WalBytes(), 0u);
}

}  // namespace
}  // namespace ofsweep
