// A copy for readers elsewhere: whole, readable by itself, and never at the cost of anything else.
#include "storage/backup.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <fstream>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class BackupTest : public testing::Test {
 protected:
  std::unique_ptr<Store> StartStore() {
    std::unique_ptr<Store> store = OpenStore(path_, 20);
    InsertTrials(*store, "s", {MakeTrial("t0")});
    return store;
  }
  static void Append(Store& store, std::int64_t step) {
    Must(
        store.AppendPoints({"t0"}, 0, ColumnsOf({MakeStep(step, {{{"train_loss"}, 1}, {{"kurtosis", 0, "block"}, 2}})}))
            .get());
  }
  std::string CopiedPoints() { return Sql(copy_, "SELECT count(*) FROM curves WHERE metric = 'train_loss'").at(0); }
  absl::Status OpenError(const std::string& copy) { return Backup::Open(path_, copy).status(); }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  const std::string copy_ = folder_.File("copy.db");
  const std::string draft_ = folder_.File(".copy.db.ofsweep-draft");  // what is written before it is the copy
};

TEST_F(BackupTest, HoldsWhatTheDatabaseHeldWhileItsWriterGoesOn) {
  const auto store = StartStore();
  for (int step = 0; step < 50; ++step) Append(*store, step);
  const auto backup = Must(Backup::Open(path_, copy_));
  EXPECT_TRUE(Must(backup->Copy()));
  Append(*store, 50);
  EXPECT_EQ(CopiedPoints(), "50");
  EXPECT_TRUE(Must(Store::OpenReadOnly(copy_))->FindSweep("s").ok());
  EXPECT_EQ(backup->CopyBytes(), std::filesystem::file_size(copy_));
}

// In WAL mode even a reader needs to write beside the file; on a share that it may only read, it cannot.
TEST_F(BackupTest, ACopyIsOneFileInAModeThatNeedsNoOther) {
  const auto store = StartStore();
  Must(Must(Backup::Open(path_, copy_))->Copy());
  EXPECT_THAT(Sql(copy_, "PRAGMA journal_mode"), ElementsAre("delete"));
  EXPECT_THAT(Sql(copy_, "PRAGMA application_id"), ElementsAre(std::to_string(0x4F465357)));
  EXPECT_THAT(Sql(copy_, "PRAGMA user_version"), ElementsAre(Sql(path_, "PRAGMA user_version").at(0)));
  SQLite::Database immutable("file:" + copy_ + "?immutable=1", SQLite::OPEN_READONLY | SQLite::OPEN_URI);
  EXPECT_EQ(immutable.execAndGet("SELECT count(*) FROM results").getInt(), 1);
  std::vector<std::string> beside;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().filename().string().starts_with("copy")) beside.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(beside, ElementsAre("copy.db"));
}

TEST_F(BackupTest, NothingIsCopiedTwice) {
  const auto store = StartStore();
  const auto backup = Must(Backup::Open(path_, copy_));
  EXPECT_TRUE(Must(backup->Copy()));
  EXPECT_FALSE(Must(backup->Copy()));
  Append(*store, 0);
  EXPECT_TRUE(Must(backup->Copy()));
  EXPECT_EQ(CopiedPoints(), "1");
  EXPECT_FALSE(Must(backup->Copy()));
  std::filesystem::remove(copy_);
  EXPECT_TRUE(Must(backup->Copy())) << "a copy that somebody has removed is made again";
}

TEST_F(BackupTest, ADatabaseThatTookThePlaceOfTheFormerIsTheOneThatIsCopied) {
  StartStore();
  const auto backup = Must(Backup::Open(path_, copy_));
  Must(backup->Copy());
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  EXPECT_EQ(backup->Copy().status().code(), absl::StatusCode::kNotFound);
  const auto store = OpenStore(path_);
  InsertTrials(*store, "new", {MakeTrial("t1")});
  EXPECT_TRUE(Must(backup->Copy()));
  EXPECT_THAT(Sql(copy_, "SELECT sweep FROM results"), ElementsAre("new"));
}

// `db backup --every` goes on after an error.
TEST_F(BackupTest, ADatabaseOfAnotherVersionThatTookThePlaceIsRefusedEachTime) {
  StartStore();
  const auto backup = Must(Backup::Open(path_, copy_));
  Must(backup->Copy());
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  InsertTrials(*OpenStore(path_), "other", {MakeTrial("t1")});
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(backup->Copy().status().code(), absl::StatusCode::kFailedPrecondition) << time;
    EXPECT_THAT(Sql(copy_, "SELECT sweep FROM results"), ElementsAre("s"));
  }
}

TEST_F(BackupTest, AReaderNeverSeesHalfOfACopy) {
  const auto store = StartStore();
  Append(*store, 0);
  const auto backup = Must(Backup::Open(path_, copy_));
  Must(backup->Copy());
  std::atomic<bool> done = false;
  // Joins at the end of the scope, where an assertion leaves it too.
  std::jthread writer([&] {
    const absl::Cleanup at_the_end = [&] { done = true; };
    try {
      for (int step = 1; step <= 60; ++step) {
        Append(*store, step);
        Must(backup->Copy());
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  });
  std::int64_t newest = 0;
  while (!done) {
    SQLite::Database reader(copy_, SQLite::OPEN_READONLY);
    ASSERT_EQ(reader.execAndGet("PRAGMA integrity_check").getString(), "ok");
    const std::int64_t points = reader.execAndGet("SELECT count(*) FROM curves WHERE metric = 'train_loss'").getInt64();
    EXPECT_GE(points, newest);
    newest = points;
  }
  EXPECT_EQ(CopiedPoints(), "61");
}

TEST_F(BackupTest, OnAFullDiskTheEarlierCopyStays) {
  const auto store = StartStore();
  Append(*store, 0);
  const auto backup = Must(Backup::Open(path_, copy_));
  Must(backup->Copy());
  for (int step = 1; step < 2000; ++step) Append(*store, step);
  absl::Status failure;
  {
    const FileSizeLimit limit(50'000);
    failure = backup->Copy().status();
  }
  EXPECT_EQ(failure.code(), absl::StatusCode::kResourceExhausted) << failure;
  EXPECT_THAT(std::string(failure.message()), HasSubstr(copy_));
  EXPECT_EQ(CopiedPoints(), "1");
  EXPECT_FALSE(std::filesystem::exists(draft_));
  EXPECT_TRUE(Must(backup->Copy()));
  EXPECT_EQ(CopiedPoints(), "2000");
}

TEST_F(BackupTest, ADatabaseThatCannotBeReadIsNotTakenForACopyThatCannotBeWritten) {
  {
    const auto store = StartStore();
    for (int step = 0; step < 200; ++step) Append(*store, step);
  }
  const auto backup = Must(Backup::Open(path_, copy_));
  // From here on the open file gives nothing: its descriptors are those of one that is open for writing alone.
  const std::filesystem::path canonical = std::filesystem::canonical(path_);
  const int unreadable = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  for (int fd = 0; fd < 1024; ++fd) {
    std::error_code ignored;
    const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored);
    if (fd != unreadable && target == canonical) ::dup2(unreadable, fd);
  }
  ::close(unreadable);
  const absl::Status failure = backup->Copy().status();
  EXPECT_EQ(failure.code(), absl::StatusCode::kInternal) << failure;
  EXPECT_THAT(std::string(failure.message()), AllOf(HasSubstr(path_), Not(HasSubstr("--to"))));
  EXPECT_FALSE(std::filesystem::exists(draft_));
}

TEST_F(BackupTest, WhatAKilledProcessLeftIsNoHindrance) {
  {
    const auto store = StartStore();
    for (int step = 0; step < 2000; ++step) Append(*store, step);
  }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {  // killed by SIGXFSZ while it writes
    ::signal(SIGXFSZ, SIG_DFL);
    const rlimit limit{50'000, 50'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto backup = Backup::Open(path_, copy_);
    ::_exit(backup.ok() && (*backup)->Copy().ok() ? 0 : 1);
  }
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  ASSERT_TRUE(WIFSIGNALED(state));
  ASSERT_GT(std::filesystem::file_size(draft_), 0u);
  EXPECT_TRUE(Must(Must(Backup::Open(path_, copy_))->Copy()));
  EXPECT_EQ(CopiedPoints(), "2000");
  EXPECT_FALSE(std::filesystem::exists(draft_));
  for (const std::string& left : {std::string(), std::string(100'000, '\0')}) {
    std::ofstream(draft_, std::ios::binary) << left;
    EXPECT_TRUE(Must(Must(Backup::Open(path_, copy_))->Copy()));
  }
}

TEST_F(BackupTest, NothingOfOthersIsWrittenThroughTheNameOfTheDraft) {
  const auto store = StartStore();
  Append(*store, 0);
  const std::string notes = folder_.File("notes.txt");
  const auto refused = [&] {
    const absl::Status error = Must(Backup::Open(path_, copy_))->Copy().status();
    EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition) << error;
    EXPECT_THAT(std::string(error.message()), testing::AllOf(HasSubstr(draft_), HasSubstr("--to")));
    EXPECT_FALSE(std::filesystem::exists(copy_));
    std::filesystem::remove(draft_);
  };
  std::ofstream(draft_) << "not to be lost";
  refused();
  std::ofstream(notes) << "";
  for (const std::string& target : {path_, notes, folder_.File("nothing")}) {
    std::filesystem::create_symlink(target, draft_);
    refused();
    if (!std::filesystem::exists(target)) continue;
    std::filesystem::create_hard_link(target, draft_);
    refused();
  }
  std::filesystem::create_directory(draft_);
  refused();
  ASSERT_EQ(::mkfifo(draft_.c_str(), 0600), 0);
  refused();
  EXPECT_THAT(Sql(path_, "SELECT count(*) FROM curves WHERE metric = 'train_loss'"), ElementsAre("1"));
  // A name that others may well have used is left alone.
  std::ofstream(copy_ + ".part") << "not to be lost";
  EXPECT_TRUE(Must(Must(Backup::Open(path_, copy_))->Copy()));
  EXPECT_EQ(std::filesystem::file_size(copy_ + ".part"), 14u);
}

TEST_F(BackupTest, TwoBackupsOfOneTargetAreKeptApart) {
  const auto store = StartStore();
  std::ofstream(draft_) << "";
  const int other = ::open(draft_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(Must(Backup::Open(path_, copy_))->Copy().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(draft_));
  ::close(other);
  EXPECT_TRUE(Must(Must(Backup::Open(path_, copy_))->Copy()));
}

// SQLite reads "file:…" as a URI where it is built so.
TEST_F(BackupTest, ATargetThatLooksLikeAUriIsAFile) {
  const auto store = StartStore();
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const bool copied = Must(Must(Backup::Open(path_, "file:q.db?mode=memory"))->Copy());
  std::filesystem::current_path(before);
  EXPECT_TRUE(copied);
  EXPECT_THAT(Sql(folder_.File("file:q.db?mode=memory"), "SELECT count(*) FROM results"), ElementsAre("1"));
}

TEST_F(BackupTest, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(OpenError(copy_).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(OpenError(copy_).message()), HasSubstr("--data-dir"));
  const auto store = StartStore();
  EXPECT_EQ(OpenError(folder_.File("nowhere/copy.db")).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(OpenError(folder_.File("nowhere/copy.db")).message()), HasSubstr("nowhere"));
  std::filesystem::create_hard_link(path_, folder_.File("link.db"));
  std::filesystem::create_symlink(path_, folder_.File("soft.db"));
  std::filesystem::create_directory(folder_.File("folder"));
  std::ofstream(folder_.File("notes.txt")) << "not to be lost";
  ASSERT_EQ(::mkfifo(folder_.File("pipe").c_str(), 0600), 0);
  EXPECT_EQ(OpenError("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(OpenError("").message()), HasSubstr("--to"));
  EXPECT_THAT(std::string(OpenError(folder_.File("folder")).message()), HasSubstr("is a folder"));
  for (const std::string& copy :
       {path_, folder_.File("./ofsweep.db"), path_ + "-wal", path_ + "-shm", path_ + ".lock", folder_.File("link.db"),
        folder_.File("soft.db"), folder_.File("folder"), folder_.File("folder/"), folder_.File("notes.txt"),
        folder_.File("pipe"), std::string("/dev/null")}) {
    const absl::Status error = OpenError(copy);
    EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition) << copy << ": " << error;
    EXPECT_THAT(std::string(error.message()), HasSubstr("--to")) << copy;
  }
  const std::string other = folder_.File("other.db");
  const auto in_use = OpenStore(other);
  EXPECT_EQ(OpenError(other).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(BackupTest, ADatabaseOfAnotherVersionIsRefused) {
  StartStore();
  for (const char* version : {"0", "99"}) {
    SQLite::Database(path_, SQLite::OPEN_READWRITE).exec(absl::StrCat("PRAGMA user_version = ", version));
    const absl::Status error = OpenError(copy_);
    EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition) << error;
    EXPECT_THAT(std::string(error.message()), HasSubstr(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(copy_));
}

// Its folder cannot be opened to be synced; in a child process, because root may open all: the child becomes nobody.
TEST_F(BackupTest, ACopyThatMayNotSurviveAPowerCutIsNamedAsSuch) {
  StartStore();
  const std::string to = folder_.File("unreadable");
  std::filesystem::create_directory(to);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(to.c_str(), 0333), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const absl::Status failed = Must(Backup::Open(path_, to + "/copy.db"))->Copy().status();
    const bool is_named = failed.code() == absl::StatusCode::kInternal &&
                          failed.message().find("has been replaced") != absl::string_view::npos;
    ::_exit(is_named ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_THAT(Sql(to + "/copy.db", "SELECT count(*) FROM trials"), testing::ElementsAre("1"));
  ASSERT_EQ(::chmod(to.c_str(), 0777), 0);
}

}  // namespace
}  // namespace ofsweep
