#include "worker/outbox.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/sealed_line.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

const AttemptHeader kHeader{.name = {"0123abcd", 3},
                            .attempt = 1,
                            .started_at_ms = 1'700'000'000'000,
                            .secret = std::string("\0\xff", 2) + std::string(30, 's')};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A list, because its items are made in their order.
void Write(const Outbox& outbox, std::initializer_list<std::string> lines) {
  const std::string text = absl::StrJoin(lines, "");
  ASSERT_EQ(::write(outbox.write_fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// What a scan has seen, in words.
struct Recorder {
  AttemptHeader header;
  std::vector<std::int64_t> steps;
  std::vector<std::string> garbage;
  std::vector<AttemptEnd> ends;

  Outbox::Observer Observer() {
    return {.on_header = [this](const AttemptHeader& seen) { header = seen; },
            .on_event =
                [this](TrainerEvent& event) {
                  if (auto* points = std::get_if<PointsEvent>(&event)) steps.push_back(points->points.step);
                },
            .on_end = [this](const AttemptEnd& end) { ends.push_back(end); },
            .on_garbage = [this](std::string_view line) { garbage.emplace_back(line); }};
  }
};

class OutboxTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(testing::TempDir(), "/outbox-", ::getpid(), "-",
                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The trainer's next line.
  std::string Line(const TrainerEvent& event) { return SealLine(ToJsonLine(event), ++lines_) + "\n"; }
  std::string PointsLine(int step, double value) {
    PointsEvent event{{.step = step, .tokens = std::int64_t{16} * step, .seconds = 0.5}};
    event.points.points = {{{"train_loss", std::nullopt, ""}, value}, {{"kurtosis", 2, "block"}, value + 1}};
    return Line(event);
  }

  std::unique_ptr<Outbox> Create() {
    lines_ = 0;
    absl::StatusOr<std::unique_ptr<Outbox>> outbox = Outbox::Create(folder_, kHeader);
    EXPECT_TRUE(outbox.ok()) << outbox.status();
    return *std::move(outbox);
  }
  std::unique_ptr<Outbox> Reopen() {
    const std::vector<std::string> paths = Outbox::List(folder_);
    EXPECT_EQ(paths.size(), 1u);
    absl::StatusOr<std::unique_ptr<Outbox>> outbox = Outbox::Open(paths.at(0));
    EXPECT_TRUE(outbox.ok()) << outbox.status();
    return *std::move(outbox);
  }
  void ScanAll(Outbox& outbox) {
    while (*outbox.Scan(recorder_.Observer())) {
    }
  }

  std::string folder_;
  std::uint64_t lines_ = 0;
  Recorder recorder_;
};

TEST_F(OutboxTest, SendsWhatTheTrainerWroteByColumns) {
  std::unique_ptr<Outbox> outbox = Create();
  Write(*outbox, {PointsLine(0, 5.5), "no event\n", PointsLine(10, std::numeric_limits<double>::quiet_NaN())});
  ScanAll(*outbox);
  EXPECT_EQ(outbox->unsent(), 4u);
  EXPECT_THAT(recorder_.garbage, testing::ElementsAre("no event"));

  v1::TrialPoints points;
  const absl::StatusOr<Outbox::Batch> batch = outbox->NextBatch(100, points);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->points, 4u);
  ASSERT_EQ(points.series_size(), 2);
  EXPECT_EQ(points.series(0).metric(), "train_loss");
  EXPECT_FALSE(points.series(0).has_layer());
  EXPECT_EQ(points.series(1).layer(), 2u);
  EXPECT_EQ(points.series(1).site(), "block");
  ASSERT_EQ(points.rows_size(), 2);
  EXPECT_EQ(points.rows(1).step(), 10u);
  EXPECT_EQ(points.rows(1).tokens(), 160u);
  EXPECT_TRUE(std::isnan(points.rows(1).values(0)));
  EXPECT_EQ(points.rows(0).values(1), 6.5);

  outbox->Acknowledge(*batch);
  EXPECT_EQ(outbox->unsent(), 0u);
}

TEST_F(OutboxTest, BatchesAreBoundedAndContinueWhereTheLastOneEnded) {
  std::unique_ptr<Outbox> outbox = Create();
  std::string text;
  for (int step = 0; step < 1000; ++step) text += PointsLine(step, step);
  Write(*outbox, {text});
  ScanAll(*outbox);
  std::vector<std::uint64_t> sent;
  while (outbox->unsent() > 0) {
    v1::TrialPoints points;
    const absl::StatusOr<Outbox::Batch> batch = outbox->NextBatch(64, points);
    ASSERT_TRUE(batch.ok());
    ASSERT_LE(batch->points, 65u);
    for (const v1::StepRow& row : points.rows()) sent.push_back(row.step());
    outbox->Acknowledge(*batch);
  }
  ASSERT_EQ(sent.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(sent.begin(), sent.end()));
  EXPECT_EQ(sent.back(), 999u);
}

TEST_F(OutboxTest, AnUnfinishedLineWaitsForItsRest) {
  std::unique_ptr<Outbox> outbox = Create();
  const std::string line = PointsLine(7, 1.0);
  Write(*outbox, {line.substr(0, 20)});
  ScanAll(*outbox);
  EXPECT_TRUE(recorder_.steps.empty());
  Write(*outbox, {line.substr(20)});
  ScanAll(*outbox);
  EXPECT_THAT(recorder_.steps, testing::ElementsAre(7));
  EXPECT_TRUE(recorder_.garbage.empty());
}

// A measured step of a deep model.
TEST_F(OutboxTest, AnEventOfManyMebibytesIsSent) {
  std::unique_ptr<Outbox> outbox = Create();
  constexpr int kLayers = 300'000;
  PointsEvent event{{.step = 1, .tokens = 16, .seconds = 0.5}};
  for (int layer = 0; layer < kLayers; ++layer) event.points.points.push_back({{"kurtosis", layer, "block"}, 0.1});
  const std::string line = Line(event);
  ASSERT_GT(line.size(), 8u << 20);
  Write(*outbox, {line, PointsLine(2, 1.0)});
  ScanAll(*outbox);
  EXPECT_TRUE(recorder_.garbage.empty());
  EXPECT_THAT(recorder_.steps, testing::ElementsAre(1, 2));
  v1::TrialPoints points;
  EXPECT_EQ(outbox->NextBatch(100, points)->points, std::size_t{kLayers});
}

// What is behind it would be stored beyond a hole in the curve, and the next attempt begin behind it.
TEST_F(OutboxTest, NothingIsReadBehindALineThatIsDamagedOrMissing) {
  const std::function<std::string(std::string)> damages[] = {
      [](const std::string& line) { return line.substr(0, 40) + "\n"; },             // a write that was cut short
      [](const std::string& line) { return "a library's words " + line; },           // without their newline
      [](std::string line) { return line.insert(18, std::string(65 << 20, 'x')); },  // beyond all bounds
      [](const std::string&) { return std::string(); },                              // lost
      [](const std::string& line) { return std::string(line.size(), '\0'); },        // a block that was never written
      [](const std::string& line) { return std::string(line.size() - 1, '\0') + "\n"; },
      [](const std::string& line) { return line + line; },
      [](std::string line) { return line.replace(line.find("\"step\":1"), 8, "\"step\":5"); },
      [](std::string line) { return line.replace(0, 3, "{#e"); },
      [](std::string line) { return line.replace(line.size() - 1, 1, "\v"); },
  };
  for (const auto& damage : damages) {
    std::unique_ptr<Outbox> outbox = Create();
    recorder_ = {};
    const std::string before = PointsLine(0, 1.0);
    const std::string damaged = damage(PointsLine(1, 1.0));
    Write(*outbox, {before, damaged, PointsLine(2, 1.0)});
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = outbox->Scan(recorder_.Observer());
    EXPECT_TRUE(absl::IsDataLoss(more.status())) << more.status();
    EXPECT_TRUE(absl::IsDataLoss(outbox->Scan(recorder_.Observer()).status()));
    EXPECT_LT(more.status().message().size(), 1000u);
    EXPECT_THAT(recorder_.steps, testing::AnyOf(testing::ElementsAre(0), testing::ElementsAre(0, 1)));
    v1::TrialPoints points;
    EXPECT_EQ(outbox->NextBatch(100, points)->points, 2u * recorder_.steps.size());
  }
}

// Every bit of it counts.
TEST_F(OutboxTest, NoFlippedBitOfALineIsTakenForAnEventAndNoneBehindItIs) {
  auto outbox = Create();
  const std::string line = PointsLine(1, 1.0);
  const std::string behind = PointsLine(2, 1.0);
  const auto header_size = outbox->size();
  for (std::size_t bit = 0; bit < 8 * line.size(); ++bit) {
    std::string damaged = line;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    fs::resize_file(outbox->path(), header_size);
    std::ofstream(outbox->path(), std::ios::app) << damaged << behind;
    recorder_ = {};
    const auto scan = Reopen()->Scan(recorder_.Observer());
    ASSERT_TRUE(absl::IsDataLoss(scan.status())) << bit;
    ASSERT_TRUE(recorder_.steps.empty()) << bit;
  }
}

TEST_F(OutboxTest, AnEventOfAnotherVersionEndsIt) {
  for (const char* text : {R"({"event":"surprise","step":1})", R"({"event":"points","step":1,"points":[[3]]})"}) {
    std::unique_ptr<Outbox> outbox = Create();
    Write(*outbox, {SealLine(text, 1) + "\n"});
    EXPECT_TRUE(absl::IsDataLoss(outbox->Scan(recorder_.Observer()).status())) << text;
  }
}

// Neither of a trainer that ended well may be told: what came before its end is lost.
TEST_F(OutboxTest, TheRecordOfAnEndDoesNotHideThatLinesBeforeItAreMissing) {
  auto outbox = Create();
  Write(*outbox, {PointsLine(0, 1), PointsLine(1, 2)});
  ScanAll(*outbox);
  ASSERT_TRUE(outbox->AppendEnd({.outcome = AttemptOutcome::kCompleted, .step = 1}).ok());
  std::string damaged = ReadFile(outbox->path());
  lines_ = 1;
  const std::string last = PointsLine(1, 2);
  damaged.replace(damaged.find(last), last.size() - 1, last.size() - 1, '\0');
  std::ofstream(outbox->path()) << damaged;
  recorder_ = {};
  EXPECT_TRUE(absl::IsDataLoss(Reopen()->Scan(recorder_.Observer()).status()));
  EXPECT_THAT(recorder_.steps, testing::ElementsAre(0));
  EXPECT_TRUE(recorder_.ends.empty());
}

// Between the two times that it is read.
TEST_F(OutboxTest, WhatIsBeforeALineThatWasDamagedSinceIsSentAndNothingBehindIt) {
  auto outbox = Create();
  Write(*outbox, {PointsLine(0, 1), PointsLine(5, 2), PointsLine(10, 3), PointsLine(15, 4)});
  ScanAll(*outbox);
  std::string text = ReadFile(outbox->path());
  text.replace(text.find("\"step\":10"), 9, "\"step\":11");
  std::ofstream(outbox->path()) << text;
  v1::TrialPoints points;
  const auto batch = outbox->NextBatch(1000, points);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(points.rows_size(), 2);
  outbox->Acknowledge(*batch);
  EXPECT_EQ(outbox->acknowledged_step(), 5);
  EXPECT_TRUE(absl::IsDataLoss(outbox->NextBatch(1000, points).status()));
}

TEST_F(OutboxTest, EachBatchSaysWhichPointsComeBeforeIt) {
  auto outbox = Create();
  Write(*outbox, {PointsLine(0, 1), "no event\n", PointsLine(5, 2), PointsLine(10, 3)});
  ScanAll(*outbox);
  const auto after = [](Outbox& sent) {
    v1::TrialPoints points;
    sent.Acknowledge(*sent.NextBatch(1, points));
    return points.after_step();
  };
  EXPECT_EQ(after(*outbox), 0u);
  EXPECT_EQ(after(*outbox), 0u);
  EXPECT_EQ(after(*outbox), 5u);
  outbox = Reopen();
  ScanAll(*outbox);
  ASSERT_TRUE(outbox->Rewind(5).ok());
  EXPECT_EQ(after(*outbox), 5u);
}

TEST_F(OutboxTest, AnEndlessLineIsNoEventAndDoesNotStopTheRest) {
  std::unique_ptr<Outbox> outbox = Create();
  Write(*outbox, {std::string(70 << 20, 'x') + "\n", PointsLine(1, 1.0)});
  ScanAll(*outbox);
  EXPECT_FALSE(recorder_.garbage.empty());
  EXPECT_THAT(recorder_.steps, testing::ElementsAre(1));
}

// The agent and its trainer die at any moment: what was written whole is there, and the rest of a line is not mistaken
// for anything.
TEST_F(OutboxTest, SurvivesAKillWithATornLastLine) {
  const pid_t child = ::fork();
  if (child == 0) {
    absl::StatusOr<std::unique_ptr<Outbox>> outbox = Outbox::Create(folder_, kHeader);
    if (!outbox.ok()) ::_exit(1);
    Write(**outbox, {PointsLine(0, 1.0), PointsLine(10, 2.0)});
    while (*(*outbox)->Scan(recorder_.Observer())) {
    }
    v1::TrialPoints points;
    (*outbox)->Acknowledge(*(*outbox)->NextBatch(1, points));
    Write(**outbox, {PointsLine(20, 3.0).substr(0, 30)});
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;

  std::unique_ptr<Outbox> outbox = Reopen();
  ScanAll(*outbox);
  EXPECT_EQ(recorder_.header.name, kHeader.name);
  EXPECT_THAT(recorder_.steps, testing::ElementsAre(0, 10));
  EXPECT_EQ(outbox->unsent(), 2u) << "the first line was acknowledged";
  v1::TrialPoints points;
  ASSERT_TRUE(outbox->NextBatch(100, points).ok());
  ASSERT_EQ(points.rows_size(), 1);
  EXPECT_EQ(points.rows(0).step(), 10u);

  const AttemptEnd end{.outcome = AttemptOutcome::kFailed,
                       .failure = FailureClass::kOom,
                       .message = "\"quoted\"\nline",
                       .step = 10,
                       .wall_seconds = 1.5};
  ASSERT_TRUE(outbox->AppendEnd(end).ok());
  recorder_ = {};
  std::unique_ptr<Outbox> again = Reopen();
  ScanAll(*again);
  EXPECT_TRUE(recorder_.garbage.empty()) << recorder_.garbage.front();
  EXPECT_THAT(recorder_.ends, testing::ElementsAre(end));
}

TEST_F(OutboxTest, HoldsItsAttemptsSecretForItsOwnerAlone) {
  const mode_t before = ::umask(0);
  const std::string path = Create()->path();
  ::umask(before);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto read = ReadOutboxLine(HeaderLine(kHeader), 0);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(std::get<AttemptHeader>(*read).secret, kHeader.secret);
}

TEST_F(OutboxTest, AHeaderOfAnOlderVersionHasNoSecret) {
  const auto read =
      ReadOutboxLine(SealLine(R"({"agent":"attempt","trial_id":"t","generation":1,"attempt":1,"started_at_ms":0,)"
                              R"("continued_generation":0})",
                              0),
                     0);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(std::get<AttemptHeader>(*read).secret, "");
}

TEST_F(OutboxTest, AHeaderThatCannotBeReadIsNotShown) {
  std::string header = HeaderLine(kHeader);
  std::string not_whole = header.substr(0, header.size() / 2) + R"({"event")";
  for (const std::string& line : {not_whole, SealLine(R"({"agent":"attempt","secret":"7373737373"})", 0)}) {
    const auto read = ReadOutboxLine(line, 0);
    ASSERT_FALSE(read.ok());
    EXPECT_THAT(std::string(read.status().message()), testing::Not(testing::HasSubstr("7373")));
  }
}

TEST_F(OutboxTest, ADamagedAcknowledgementCostsAResendAndNothingElse) {
  std::unique_ptr<Outbox> outbox = Create();
  Write(*outbox, {PointsLine(0, 1.0)});
  std::ofstream(outbox->path() + ".acked") << "nonsense";
  outbox = Reopen();
  ScanAll(*outbox);
  EXPECT_EQ(outbox->unsent(), 2u);
}

// The database was restored from a copy that holds nothing of the attempt, or its first steps.
TEST_F(OutboxTest, WhatARestoredDatabaseLacksWaitsAgain) {
  auto outbox = Create();
  Write(*outbox, {PointsLine(0, 1), PointsLine(5, 2), PointsLine(10, 3)});
  ScanAll(*outbox);
  const auto steps = [&] {
    v1::TrialPoints points;
    outbox->Acknowledge(*outbox->NextBatch(1000, points));
    std::vector<std::int64_t> sent;
    for (const v1::StepRow& row : points.rows()) sent.push_back(static_cast<std::int64_t>(row.step()));
    return sent;
  };
  EXPECT_THAT(steps(), testing::ElementsAre(0, 5, 10));
  ASSERT_TRUE(outbox->Rewind(0).ok());
  EXPECT_THAT(steps(), testing::ElementsAre(0, 5, 10)) << "0 also stands for nothing";
  ASSERT_TRUE(outbox->Rewind(5).ok());
  EXPECT_THAT(steps(), testing::ElementsAre(10));
}

TEST_F(OutboxTest, LeavesNothingBehind) {
  Create()->Remove();
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace ofsweep
