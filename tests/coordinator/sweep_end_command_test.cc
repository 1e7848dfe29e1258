// What a coordinator runs when a sweep has ended.
#include <signal.h>

#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/sweep_end_command.h"
#include "tests/coordinator/server_fixture.h"
#include "tests/is_gone.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

// Its file appears whole: it gets its name when it is written.
std::string Into(const std::string& path, const std::string& command) {
  return absl::StrCat(command, " > ", path, ".part && mv ", path, ".part ", path);
}

class SweepEndTest : public ServerTest {
 protected:
  void SetUp() override {
    StartServer({.on_sweep_end = Into(folder_.path().string() + "/$OFSWEEP_SWEEP.json", "cat")});
  }
  // What the command read of the sweep, once it was run.
  nlohmann::json Told(const std::string& sweep) {
    const std::string path = folder_.File(sweep + ".json");
    EXPECT_TRUE(WaitUntil([&] { return std::filesystem::exists(path); })) << sweep;
    return nlohmann::json::parse(ReadFile(path), nullptr, /*allow_exceptions=*/false);
  }
};

TEST_F(SweepEndTest, TheCommandReadsHowASweepEnded) {
  Submit(SmallSweep("done"));
  const auto started = Synchronize(HelloFrom("w", 4));
  ASSERT_EQ(started.start_size(), 4);
  for (const v1::Start& start : started.start()) {
    Finish(start, "w", "completed", 2);
  }
  const nlohmann::json told = Told("done");
  EXPECT_EQ(told["name"], "done");
  EXPECT_EQ(told["state"], "finished");
  EXPECT_EQ(told["trials"]["completed"], 4);
  EXPECT_EQ(told["trials"]["failed"], 0);
}

TEST_F(SweepEndTest, ACancelledSweepHasEndedToo) {
  Submit(SmallSweep("dropped"));
  v1::CancelSweepRequest request;
  request.set_name("dropped");
  v1::CancelSweepResponse response;
  ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), request, &response).ok());
  EXPECT_EQ(Told("dropped")["state"], "cancelled");
}

TEST(SweepEndCommand, AFailureOfOneDoesNotHoldUpTheNext) {
  const TemporaryFolder folder;
  SweepEndCommand command(absl::StrCat("test $OFSWEEP_SWEEP = good || exit 3; ", Into(folder.File("ran"), "cat")),
                          [](const std::string& sweep) -> absl::StatusOr<std::string> {
                            if (sweep == "unknown") return absl::NotFoundError("there is no such sweep");
                            return "of " + sweep;
                          });
  for (const char* sweep : {"bad", "unknown", "good"}) command.Run(sweep);
  ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(folder.File("ran")); }));
  EXPECT_EQ(ReadFile(folder.File("ran")), "of good\n");
}

TEST(SweepEndCommand, OneThatDoesNotEndIsKilledWithAllThatItHasStartedWhenTheCoordinatorEnds) {
  const TemporaryFolder folder;
  {
    SweepEndCommand command(absl::StrCat("sleep 1000 & ", Into(folder.File("pid"), "echo $!"), "; wait"),
                            [](const std::string&) { return "{}"; });
    command.Run("s");
    ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(folder.File("pid")); }));
  }
  EXPECT_TRUE(WaitUntil([&] { return IsGone(std::stoi(ReadFile(folder.File("pid")))); }));
}

TEST(SweepEndCommand, OneThatBeginsWhileTheCoordinatorEndsIsKilledToo) {
  const TemporaryFolder folder;
  absl::Notification asked;
  {
    SweepEndCommand command(absl::StrCat(Into(folder.File("pid"), "echo $$"), "; sleep 1000"),
                            [&](const std::string&) -> absl::StatusOr<std::string> {
                              asked.Notify();
                              absl::SleepFor(absl::Seconds(1));  // as a slow disk; it ends in between
                              return "{}";
                            });
    command.Run("s");
    asked.WaitForNotification();
  }
  EXPECT_TRUE(IsGone(std::stoi(ReadFile(folder.File("pid")))));
}

TEST(SweepEndCommand, WhatIsThrownOnTheWayEndsNothing) {
  const TemporaryFolder folder;
  SweepEndCommand command(Into(folder.File("ran"), "cat"), [](const std::string& sweep) -> absl::StatusOr<std::string> {
    if (sweep == "bad") throw std::runtime_error("no JSON");
    return sweep;
  });
  command.Run("bad");
  command.Run("good");
  ASSERT_TRUE(WaitUntil([&] { return std::filesystem::exists(folder.File("ran")); }));
}

}  // namespace
}  // namespace ofsweep
