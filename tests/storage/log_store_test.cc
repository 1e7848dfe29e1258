// What is kept of trainers' logs, and what never is.

#include "storage/log_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;
const AttemptName kAttempt{"trial", 7};

class LogStoreTest : public testing::Test {
 protected:
  std::uint64_t Append(LogStore& store, std::uint64_t begin, const std::string& text,
                       const AttemptName& attempt = kAttempt) {
    const LogPiece piece{attempt, begin, text};
    return Must(store.Append({&piece, 1})).at(0);
  }
  static std::string TextOf(LogStore& store, std::uint64_t begin = 0, const AttemptName& attempt = kAttempt) {
    return Must(store.Read(attempt, begin, kPlenty)).text;
  }
  LogStoreOptions Options(std::uint64_t max_bytes = kPlenty) const { return {.path = path_, .max_bytes = max_bytes}; }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.File("logs.db");
};

TEST_F(LogStoreTest, KeepsTheBytesAsTheyWereThroughARestart) {
  const std::string bytes("a\0\xff\n\xe2\x82", 6);  // a NUL, no UTF-8, a character that is cut
  {
    LogStore store(Options());
    EXPECT_EQ(Append(store, 0, bytes), 6u);
    EXPECT_EQ(Append(store, 6, "more"), 10u);
  }
  LogStore store(Options());
  EXPECT_EQ(TextOf(store), bytes + "more");
  EXPECT_EQ(TextOf(store, 6), "more");
  EXPECT_EQ(TextOf(store, 10), "");
  const LogExtent extent = *Must(store.Find(kAttempt));
  EXPECT_EQ(extent.begin, 0u);
  EXPECT_EQ(extent.through, 10u);
  EXPECT_FALSE(extent.complete);
}

TEST_F(LogStoreTest, AResendAndAnOverlapChangeNothing) {
  LogStore store(Options());
  Append(store, 0, "hello");
  EXPECT_EQ(Append(store, 0, "hello"), 5u);
  EXPECT_EQ(Append(store, 1, "---"), 5u);
  EXPECT_EQ(Append(store, 3, "lo, you"), 10u);
  EXPECT_EQ(TextOf(store), "hello, you");
}

TEST_F(LogStoreTest, AGapIsNoError) {
  LogStore store(Options());
  Append(store, 0, "first");
  EXPECT_EQ(Append(store, 100, "second"), 106u);
  EXPECT_EQ(TextOf(store), "first");
  for (const std::uint64_t in_the_gap : {5u, 50u, 100u}) {
    const LogPiece piece = Must(store.Read(kAttempt, in_the_gap, kPlenty));
    EXPECT_EQ(piece.begin, 100u);
    EXPECT_EQ(piece.text, "second");
  }
}

TEST_F(LogStoreTest, AnEmptyPieceAsksAndOnlyTheLastOneMakesALog) {
  LogStore store(Options());
  EXPECT_EQ(Append(store, 0, ""), 0u);
  EXPECT_EQ(Must(store.Find(kAttempt)), std::nullopt);
  const LogPiece end{kAttempt, 0, "", true};
  EXPECT_THAT(Must(store.Append({&end, 1})), ElementsAre(0u));
  EXPECT_TRUE(Must(store.Find(kAttempt))->complete);
}

TEST_F(LogStoreTest, KeepsTheLastMebibyteOfALog) {
  LogStore store(Options());
  std::string all;
  while (all.size() < 3 * kKeptLogBytes) {
    const std::string piece = std::to_string(all.size()) + std::string(50'000, '.') + "\n";
    Append(store, all.size(), piece);
    all += piece;
  }
  EXPECT_EQ(Must(store.Find(kAttempt))->begin, all.size() - kKeptLogBytes);
  EXPECT_TRUE(TextOf(store) == all.substr(all.size() - kKeptLogBytes));
  EXPECT_THAT(Sql(path_, "SELECT sum(length(text)) <= 1048576 + 16384 FROM blocks"), ElementsAre("1"));
}

TEST_F(LogStoreTest, SmallPiecesShareRows) {
  LogStore store(Options());
  for (std::uint64_t i = 0; i < 1000; ++i) Append(store, i * 10, "123456789\n");
  EXPECT_THAT(Sql(path_, "SELECT count(*) FROM blocks"), ElementsAre("1"));
  EXPECT_EQ(TextOf(store, 9'990), "123456789\n");
}

TEST_F(LogStoreTest, BeyondTheTotalTheLogThatWasWrittenLongestAgoGoes) {
  LogStore store(Options(3000));
  const std::string text(1000, 'x');
  for (const char* trial : {"a", "b"}) Append(store, 0, text, {trial, 1});
  Append(store, 1000, "x", {"a", 1});
  Append(store, 0, text, {"c", 1});
  EXPECT_THAT(Sql(path_, "SELECT trial_id FROM logs ORDER BY 1"), ElementsAre("a", "c"));
  EXPECT_THAT(Sql(path_, "SELECT count(*) FROM blocks"), ElementsAre("2"));
  Append(store, 0, std::string(5000, 'x'), {"d", 1});
  EXPECT_THAT(Sql(path_, "SELECT trial_id FROM logs"), ElementsAre("d"));
  EXPECT_THAT(Sql(path_, "SELECT bytes FROM totals"), ElementsAre("5200"));
}

TEST_F(LogStoreTest, ADeletedTrialTakesItsLogsAndLeavesThoseOfALaterOne) {
  LogStore store(Options());
  for (const std::uint64_t generation : {3, 4, 9}) Append(store, 0, "text", {"trial", generation});
  Append(store, 0, "text", {"other", 1});
  const AttemptName deleted{"trial", 4};
  ASSERT_TRUE(store.Remove({&deleted, 1}).ok());
  EXPECT_THAT(Sql(path_, "SELECT trial_id, generation FROM logs ORDER BY 1"), ElementsAre("other|1", "trial|9"));
  EXPECT_THAT(Sql(path_, "SELECT bytes FROM totals"), ElementsAre("408"));
}

TEST_F(LogStoreTest, WhatWasAnsweredSurvivesAKill) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    LogStore store(Options());
    const LogPiece piece{kAttempt, 0, "kept"};
    ::_exit(store.Append({&piece, 1}).ok() && ::kill(::getpid(), SIGKILL) == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  LogStore store(Options());
  EXPECT_EQ(TextOf(store), "kept");
}

TEST_F(LogStoreTest, ADamagedFileIsAnErrorUntilItIsTakenAway) {
  std::ofstream(path_) << std::string(8192, 'x');
  LogStore store(Options());
  const LogPiece piece{kAttempt, 0, "text"};
  EXPECT_THAT(std::string(store.Append({&piece, 1}).status().message()), HasSubstr(path_));
  EXPECT_FALSE(store.Find(kAttempt).ok());
  std::filesystem::remove(path_);
  EXPECT_EQ(Append(store, 0, "text"), 4u);
  std::filesystem::remove(path_);  // under an open connection
  EXPECT_EQ(Append(store, 4, "more"), 8u);
  EXPECT_EQ(TextOf(store), "more");
}

TEST_F(LogStoreTest, AnotherDatabaseIsLeftAlone) {
  OpenStore(path_);
  LogStore store(Options());
  const LogPiece piece{kAttempt, 0, "text"};
  EXPECT_THAT(std::string(store.Append({&piece, 1}).status().message()), HasSubstr("holds no logs"));
  EXPECT_THAT(Sql(path_, "SELECT count(*) FROM sqlite_schema WHERE name = 'logs'"), ElementsAre("0"));
}

TEST_F(LogStoreTest, OnAFullDiskNothingIsStoredAndAfterwardsAllIsWell) {
  LogStore store(Options());
  Append(store, 0, "before");
  const LogPiece piece{kAttempt, 6, std::string(200'000, 'x')};
  {
    const FileSizeLimit full(64 << 10);
    EXPECT_EQ(store.Append({&piece, 1}).status().code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(TextOf(store), "before");
  EXPECT_EQ(Must(store.Append({&piece, 1})).at(0), 200'006u);
}

TEST_F(LogStoreTest, AReaderSeesWhatAWriterStoresAndNothingWhereThereIsNoFile) {
  LogStore reader({.path = path_, .read_only = true});
  EXPECT_EQ(Must(reader.Find(kAttempt)), std::nullopt);
  EXPECT_EQ(TextOf(reader), "");
  EXPECT_FALSE(std::filesystem::exists(path_));
  LogStore writer(Options());
  Append(writer, 0, "text");
  EXPECT_EQ(TextOf(reader), "text");
  const LogPiece piece{kAttempt, 4, "x"};
  EXPECT_FALSE(reader.Append({&piece, 1}).ok());
}

TEST_F(LogStoreTest, ManyThreadsAtOnce) {
  LogStore store(Options(200'000));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&store, i] {
      const AttemptName attempt{"trial" + std::to_string(i), 1};
      for (std::uint64_t begin = 0; begin < 100'000; begin += 1000) {
        const LogPiece piece{attempt, begin, std::string(1000, 'x')};
        EXPECT_TRUE(store.Append({&piece, 1}).ok());
        EXPECT_TRUE(store.Read(attempt, begin, 100).ok());
      }
    });
  }
  threads.clear();
  EXPECT_THAT(Sql(path_,
                  "SELECT bytes <= 200000, bytes = (SELECT sum(bytes + 200) FROM logs), (SELECT sum(bytes) FROM "
                  "logs) = (SELECT sum(length(text)) FROM blocks) FROM totals"),
              ElementsAre("1|1|1"));
}

}  // namespace
}  // namespace ofsweep
