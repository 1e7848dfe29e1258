// A compacted database holds what it held in less space, and is whole at every moment.
#include "storage/compaction.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "storage/database_check.h"
#include "tests/storage/database_damage.h"
#include "tests/storage/store_fixture.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CompactionTest : public testing::Test {
 protected:
  // A sweep that was deleted, most of whose points are there, and one that is left.
  void MakeDatabase() {
    const auto store = OpenStore(path_);
    InsertTrials(*store, "gone", {MakeNamedTrial(0)});
    InsertTrials(*store, "left", {MakeNamedTrial(1)});
    Train(*store, {MakeNamedTrial(0).trial_id, 1}, 60'000, 1);
    Train(*store, {MakeNamedTrial(1).trial_id, 1}, 600, 2);
    StateChange change;
    change.deletion = {.sweep = "gone", .begun_trials = {{MakeNamedTrial(0).trial_id, 1}}};
    ASSERT_TRUE(store->Apply(std::move(change)).get().ok());
  }
  std::vector<std::string> Points() { return Sql(path_, "SELECT count(*), sum(value) FROM curves"); }
  void ExpectWhole() {
    for (const DatabaseCheck& check : Must(CheckDatabase(path_))) EXPECT_THAT(check.faults, testing::IsEmpty());
    EXPECT_THAT(Points(), ElementsAre(points_));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  const std::string draft_ = folder_.File(".ofsweep.db.ofsweep-draft");
  std::string points_;  // before it was compacted
};

TEST_F(CompactionTest, GivesBackTheSpaceOfDeletedSweepsAndKeepsAllElse) {
  MakeDatabase();
  points_ = Points().at(0);
  EXPECT_THAT(points_, HasSubstr("240|"));
  const Compaction compaction = Must(CompactDatabase(path_));
  EXPECT_EQ(compaction.bytes_after, std::filesystem::file_size(path_));
  EXPECT_LT(compaction.bytes_after, compaction.bytes_before / 2);
  EXPECT_FALSE(std::filesystem::exists(draft_));
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  ExpectWhole();
  // A coordinator goes on with it.
  const auto store = OpenStore(path_);
  Must(
      store->AppendPoints({MakeNamedTrial(1).trial_id, 1}, 0, ColumnsOf({MakeStep(600, {{{"train_loss"}, 2}})})).get());
  EXPECT_THAT(Sql(path_, "SELECT count(*) FROM curves"), ElementsAre("243"));
}

TEST_F(CompactionTest, NobodyElseMayHaveItOpen) {
  MakeDatabase();
  points_ = Points().at(0);
  {
    const auto coordinator = OpenStore(path_);
    const absl::Status refused = CompactDatabase(path_).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(refused.message()), HasSubstr("another coordinator"));
  }
  {
    SQLite::Database shell(path_, SQLite::OPEN_READONLY);
    EXPECT_EQ(shell.execAndGet("SELECT count(*) FROM results").getInt(), 1);
    const absl::Status refused = CompactDatabase(path_).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(refused.message()), HasSubstr("close it"));
    EXPECT_EQ(shell.execAndGet("SELECT count(*) FROM results").getInt(), 1);
  }
  ExpectWhole();
  EXPECT_TRUE(CompactDatabase(path_).ok());
}

TEST_F(CompactionTest, AFullDiskLeavesTheDatabaseAsItWas) {
  MakeDatabase();
  Must(CompactDatabase(path_));
  points_ = Points().at(0);
  const auto size = std::filesystem::file_size(path_);
  {
    const FileSizeLimit limit(size - 4096);
    const absl::Status full = CompactDatabase(path_).status();
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  }
  EXPECT_FALSE(std::filesystem::exists(draft_));
  ExpectWhole();
}

// The more so while the new file is written or takes its place; here a killed coordinator has left its log, too.
TEST_F(CompactionTest, AKillAtAnyMomentLeavesItWhole) {
  MakeDatabase();
  const std::string killed = folder_.File("killed.db");
  {
    const auto coordinator = OpenStore(path_);
    Must(
        coordinator->AppendPoints({MakeNamedTrial(1).trial_id, 1}, 0, ColumnsOf({MakeStep(600, {{{"train_loss"}, 2}})}))
            .get());
    points_ = Points().at(0);
    for (const char* suffix : {"", "-wal"}) std::filesystem::copy_file(path_ + suffix, killed + suffix);
  }
  ASSERT_GT(std::filesystem::file_size(killed + "-wal"), 0u);
  for (int kill = 0; kill < 30; ++kill) {
    std::filesystem::remove(path_ + "-shm");
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(killed + suffix, path_ + suffix, std::filesystem::copy_options::overwrite_existing);
    }
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(CompactDatabase(path_).ok() ? 0 : 1);
    std::this_thread::sleep_for(
        std::chrono::milliseconds(2 * kill));  // the moment of the kill, not a wait for anything
    ::kill(child, SIGKILL);
    int state = 0;
    ASSERT_EQ(::waitpid(child, &state, 0), child);
    ASSERT_TRUE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0);
    ExpectWhole();
  }
  Must(CompactDatabase(path_));
  ExpectWhole();
}

// How often this process has a file open.
std::ptrdiff_t CountOpen(const std::string& path) {
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  return std::count_if(begin(descriptors), end(descriptors), [&path](const auto& descriptor) {
    std::error_code gone;
    return std::filesystem::read_symlink(descriptor, gone) == path;
  });
}

// A kill right behind the rename would leave the old log as that of the new file. Here the log is not empty: somebody
// who reads meanwhile keeps the writer from folding it back, and leaves while the compaction waits for that.
TEST_F(CompactionTest, NoLogIsThereWhenTheNewFileTakesItsPlace) {
  MakeDatabase();
  points_ = Points().at(0);
  SQLite::Database(path_, SQLite::OPEN_READWRITE)
      .exec(
          "INSERT INTO trials_to_clear (trial) VALUES (77); "
          "INSERT INTO sealed_points (trial, series, step, value) VALUES (77, 1, 0, 1)");
  const int watch = ::inotify_init1(IN_NONBLOCK);
  ASSERT_GE(::inotify_add_watch(watch, folder_.path().c_str(), IN_CREATE | IN_DELETE | IN_MOVED_TO), 0);
  auto reader = std::make_unique<SQLite::Database>(path_, SQLite::OPEN_READONLY);
  reader->exec("BEGIN; SELECT count(*) FROM results");
  absl::Status compacted;
  std::thread compaction([&] { compacted = CompactDatabase(path_).status(); });
  EXPECT_TRUE(WaitUntil([&] {
    const bool is_written = Sql(path_, "SELECT count(*) FROM trials_to_clear") == std::vector<std::string>{"0"};
    return is_written && CountOpen(path_ + "-wal") == 1;
  }));
  EXPECT_GT(std::filesystem::file_size(path_ + "-wal"), 0u);
  reader.reset();
  compaction.join();
  EXPECT_TRUE(compacted.ok()) << compacted;

  std::vector<std::string> events;  // in the folder, in their order
  std::vector<char> buffer(std::size_t{1} << 20);
  const ssize_t size = ::read(watch, buffer.data(), buffer.size());
  ::close(watch);
  for (ssize_t at = 0; at < size;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const std::string name = buffer.data() + at + sizeof event;
    if (name == "ofsweep.db") events.push_back("renamed");
    if (name == "ofsweep.db-wal") events.push_back((event.mask & IN_CREATE) != 0 ? "log made" : "log removed");
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  const auto renamed = std::find(events.begin(), events.end(), "renamed");
  ASSERT_NE(renamed, events.end());
  ASSERT_NE(renamed, events.begin());
  EXPECT_EQ(*(renamed - 1), "log removed");
  // As the next coordinator wants it, which could not change that beside a reader.
  EXPECT_THAT(Sql(path_, "PRAGMA journal_mode"), ElementsAre("wal"));
  ExpectWhole();
}

// It would be written anew without what cannot be found in it.
TEST_F(CompactionTest, ADamagedFileIsLeftAsItIs) {
  InsertTrials(*OpenStore(path_), "s", {MakeNamedTrial(0), MakeNamedTrial(1)});
  SwapRows(path_, "sweep_trials");
  const absl::Status refused = CompactDatabase(path_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss) << refused;
  EXPECT_THAT(std::string(refused.message()), testing::AllOf(HasSubstr("damaged"), HasSubstr("left as it is")));
  EXPECT_FALSE(std::filesystem::exists(draft_));
}

TEST_F(CompactionTest, LinksAndModesStay) {
  MakeDatabase();
  ASSERT_EQ(::chmod(path_.c_str(), 0660), 0);
  const std::string link = folder_.File("link.db");
  std::filesystem::create_symlink(path_, link);
  EXPECT_TRUE(CompactDatabase(link).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
}

TEST_F(CompactionTest, NothingIsMadeWhereThereIsNothing) {
  EXPECT_EQ(CompactDatabase(path_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace ofsweep
