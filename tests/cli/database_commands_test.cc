// The commands of `db`, as they are typed.
#include "cli/command_line.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "absl/strings/str_split.h"
#include "tests/storage/database_damage.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

struct Finished {
  int exit_code = 0;
  std::string out, err;
};

Finished Ofsweep(const std::vector<std::string>& words) {
  std::vector<const char*> arguments = {"ofsweep"};
  for (const std::string& word : words) arguments.push_back(word.c_str());
  std::ostringstream out, err;
  const int exit_code = CommandLine(static_cast<int>(arguments.size()), arguments.data(), {out, err});
  return {exit_code, out.str(), err.str()};
}

Finished Db(std::vector<std::string> words) {
  words.insert(words.begin(), "db");
  return Ofsweep(words);
}

class DatabaseCommandsTest : public testing::Test {
 protected:
  // A data folder with a sweep of that name of one finished trial.
  std::string MakeFolder(const std::string& name, const std::string& sweep, int seed) {
    const std::string folder = folder_.File(name);
    const auto store = OpenStore(folder + "/ofsweep.db");
    InsertTrials(*store, sweep, {MakeNamedTrial(seed)});
    Train(*store, {MakeNamedTrial(seed).trial_id, 1}, 100, 4);
    return folder;
  }
  static std::vector<std::string> Lines(const std::string& path) {
    return absl::StrSplit(ReadFile(path), '\n', absl::SkipEmpty());
  }

  TemporaryFolder folder_;
};

TEST_F(DatabaseCommandsTest, CheckSaysWhatHoldsAndFailsWhereSomethingDoesNot) {
  const std::string data = MakeFolder("data", "s", 0);
  const Finished whole = Db({"check", "--data-dir", data});
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_THAT(whole.out,
              AllOf(HasSubstr("identities"), HasSubstr("1 trial:"), HasSubstr("40 points"), Not(HasSubstr("wrong"))));
  // Of a copy likewise.
  const std::string copy = folder_.File("copy.db");
  EXPECT_EQ(Db({"backup", "--data-dir", data, "--to", copy}).exit_code, 0);
  EXPECT_EQ(Db({"check", "--data-dir", copy}).exit_code, 0);
  SQLite::Database(copy, SQLite::OPEN_READWRITE).exec("UPDATE trials SET state = 'asleep'");
  const Finished broken = Db({"check", "--data-dir", copy});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.out, AllOf(HasSubstr("1 wrong"), HasSubstr("unknown state asleep"), HasSubstr("To mend it")));
  EXPECT_THAT(broken.err, AllOf(HasSubstr(copy), HasSubstr("1 thing is wrong")));
  EXPECT_EQ(Db({"check", "--data-dir", folder_.File("none")}).exit_code, 1);
}

TEST_F(DatabaseCommandsTest, WhatReadsAFolderReadsACopyToo) {
  const std::string data = MakeFolder("data", "s", 0);
  const std::string copy = folder_.File("copy.db");
  ASSERT_EQ(Db({"backup", "--data-dir", data, "--to", copy}).exit_code, 0);
  const std::vector<std::vector<std::string>> readers = {{"ls"},
                                                         {"show", "s"},
                                                         {"table", "s", "--metrics", "train_loss"},
                                                         {"curves", "s", "--metric", "train_loss"},
                                                         {"plot", "s", "--out", folder_.File("figures")},
                                                         {"watch", "s"}};
  for (std::vector<std::string> reader : readers) {
    SCOPED_TRACE(reader[0]);
    reader.insert(reader.end(), {"--data-dir", data});
    const Finished expected = Ofsweep(reader);
    EXPECT_EQ(expected.exit_code, 0) << expected.err;
    reader.back() = copy;
    const Finished read = Ofsweep(reader);
    EXPECT_EQ(read.exit_code, 0) << read.err;
    EXPECT_EQ(read.out, expected.out);
    reader.back() = folder_.File("none.db");
    const Finished missing = Ofsweep(reader);
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_EQ(missing.err, Db({"check", "--data-dir", reader.back()}).err);
  }
  const Finished logs = Ofsweep({"logs", MakeNamedTrial(0).trial_id, "--data-dir", copy});
  EXPECT_EQ(logs.exit_code, 1);
  EXPECT_THAT(logs.err, HasSubstr("log"));
}

TEST_F(DatabaseCommandsTest, CheckShowsAllElseWhereTheLogsCannotBeRead) {
  const std::string data = MakeFolder("data", "s", 0);
  folder_.Write("data/logs.db", "no database\n");
  const Finished checked = Db({"check", "--data-dir", data});
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.out, AllOf(HasSubstr("what their points come to"), HasSubstr("logs.db"), HasSubstr("1 wrong"),
                                 HasSubstr("move logs.db away")));
  EXPECT_THAT(checked.err, HasSubstr("1 thing is wrong"));
}

TEST_F(DatabaseCommandsTest, CompactSaysHowMuchItGaveBack) {
  const std::string data = MakeFolder("data", "s", 0);
  const Finished compacted = Db({"compact", "--data-dir", data});
  EXPECT_EQ(compacted.exit_code, 0) << compacted.err;
  EXPECT_THAT(compacted.out, AllOf(HasSubstr("MB before"), HasSubstr("MB now")));
  EXPECT_EQ(Db({"check", "--data-dir", data}).exit_code, 0);
  const auto coordinator = OpenStore(data + "/ofsweep.db");
  const Finished refused = Db({"compact", "--data-dir", data});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("stop it"));
}

TEST_F(DatabaseCommandsTest, MergeTakesSeveralDatabasesIntoOne) {
  const std::string first = MakeFolder("first", "a", 0);
  const std::string second = MakeFolder("second", "b", 1);
  const std::string all = folder_.File("all");
  const Finished merged = Db({"merge", first, second + "/ofsweep.db", "--into", all});
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_THAT(merged.out, AllOf(HasSubstr(first), HasSubstr("sweeps: 1 added")));
  EXPECT_THAT(Sql(all + "/ofsweep.db", "SELECT sweep FROM results ORDER BY 1"), ElementsAre("a", "b"));
  EXPECT_EQ(Db({"check", "--data-dir", all}).exit_code, 0);
  const std::string third = MakeFolder("third", "a", 2);
  const Finished refused = Db({"merge", third, "--into", all});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("--rename a="));
  EXPECT_EQ(Db({"merge", third, "--into", all, "--rename", "a=c"}).exit_code, 0);
  EXPECT_EQ(Db({"merge", third, "--into", all, "--rename", "c"}).exit_code, 2);
  EXPECT_EQ(Db({"merge", third, first, "--into", all, "--rename", "a=d"}).exit_code, 2);
  EXPECT_EQ(Db({"merge", "--into", all}).exit_code, 2);
  const std::string file = folder_.File("all.db");  // which is not there yet
  EXPECT_EQ(Db({"merge", first, "--into", file}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_regular_file(file));
}

TEST_F(DatabaseCommandsTest, ExportWritesAFileAViewWithNumbersAsTheyAreStored) {
  const std::string data = folder_.File("data");
  const std::string to = folder_.File("out/deep");
  {
    const auto store = OpenStore(data + "/ofsweep.db");
    InsertTrials(*store, "s", {MakeTrial("t0")});
    Must(store
             ->AppendPoints({"t0"}, 0,
                            ColumnsOf({MakeStep(0, {{{"train_loss"}, 0.1 + 0.2}, {{"rms", 3, "block"}, NAN}}),
                                       MakeStep(1, {{{"train_loss"}, -std::numeric_limits<double>::infinity()}})}))
             .get());
  }
  const Finished exported = Db({"export", "--data-dir", data, "--to", to});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, AllOf(HasSubstr("curves.csv"), HasSubstr("7 rows")));
  EXPECT_THAT(Lines(to + "/curves.csv"),
              UnorderedElementsAre("trial_id,step,metric,layer,site,value", "t0,0,rms,3,block,NaN", "t0,0,seconds,,,0",
                                   "t0,1,seconds,,,0.1", "t0,0,tokens,,,0", "t0,1,tokens,,,100",
                                   "t0,0,train_loss,,,0.30000000000000004", "t0,1,train_loss,,,-Infinity"));
  EXPECT_THAT(Lines(to + "/results.csv"), SizeIs(2));
  EXPECT_THAT(Lines(to + "/results.csv").at(1), HasSubstr("s,model.block=op optimizer.name=adam"));
  EXPECT_EQ(Db({"export", "s", "--data-dir", data, "--to", to, "--format", "jsonl"}).exit_code, 0);
  const auto lines = Lines(to + "/curves.jsonl");
  ASSERT_THAT(lines, SizeIs(7));
  std::map<std::string, nlohmann::json> first;  // points of step 0, by their metrics
  for (const std::string& line : lines) {
    const auto point = nlohmann::json::parse(line);
    if (point["step"] == 0) first[point["metric"]] = point;
  }
  EXPECT_EQ(first["train_loss"]["value"].get<double>(), 0.1 + 0.2);
  EXPECT_EQ(first["train_loss"]["layer"], nullptr);
  EXPECT_EQ(first["rms"]["value"], "NaN");
  const Finished unknown = Db({"export", "none", "--data-dir", data, "--to", to});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no sweep none"));
}

TEST_F(DatabaseCommandsTest, ADamagedDatabaseIsNotExportedWithFewerRows) {
  for (const auto damage : {SwapRows, LoseRow}) {
    const std::string data = MakeFolder("data", "s", 0);
    damage(data + "/ofsweep.db", "trial_attempts");
    const Finished refused = Db({"export", "--data-dir", data, "--to", folder_.File("out")});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, AllOf(HasSubstr(data), HasSubstr("damaged")));
    EXPECT_FALSE(std::filesystem::exists(folder_.File("out/curves.csv")));
    std::filesystem::remove_all(data);
  }
}

TEST_F(DatabaseCommandsTest, TwoExportsIntoOneFolderDoNotMix) {
  const std::string data = MakeFolder("data", "s", 0);
  const std::string to = folder_.File("out");
  folder_.Write("out/.curves.csv.ofsweep-draft", "");
  const int other = ::open((to + "/.curves.csv.ofsweep-draft").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  const Finished refused = Db({"export", "--data-dir", data, "--to", to});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("curves.csv"), HasSubstr("another `ofsweep`")));
  EXPECT_FALSE(std::filesystem::exists(to + "/results.csv"));
  ::close(other);
  EXPECT_EQ(Db({"export", "--data-dir", data, "--to", to}).exit_code, 0)
      << "what a killed one has left is no hindrance";
}

TEST_F(DatabaseCommandsTest, AFullDiskLeavesNoHalfFileAndTheOneBefore) {
  const std::string data = folder_.File("data");
  const std::string to = folder_.File("out");
  {
    const auto store = OpenStore(data + "/ofsweep.db");
    InsertTrials(*store, "s", {MakeNamedTrial(0)});
    Train(*store, {MakeNamedTrial(0).trial_id, 1}, 100'000, 4);
  }
  folder_.Write("out/results.csv", "mine\n");
  Finished full;
  {
    const FileSizeLimit limit(200'000);
    full = Db({"export", "--data-dir", data, "--to", to});
  }
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, AllOf(HasSubstr("curves.csv"), HasSubstr("cannot be written")));
  EXPECT_EQ(ReadFile(to + "/results.csv"), "mine\n");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(to)) left.push_back(entry.path().filename());
  EXPECT_THAT(left, ElementsAre("results.csv"));
}

}  // namespace
}  // namespace ofsweep
