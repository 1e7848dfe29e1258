#include "worker/end_watch.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Activity = EndWatch::Activity;
using Clock = std::chrono::steady_clock;

PhaseTime Phase(TrainerPhase phase, std::int64_t times, double total) {
  return {.phase = phase, .times = times, .seconds = total};
}

TEST(StoppingTimeTest, IsACheckpointTwiceAndWhatIsUnderWayOnceACheckpointWasSeen) {
  StoppingTime time;
  time.Observe({Phase(TrainerPhase::kTrain, 10, 5), Phase(TrainerPhase::kEvaluate, 1, 2)});
  EXPECT_EQ(time.Longest(), std::nullopt);
  time.Observe({Phase(TrainerPhase::kCheckpoint, 2, 3)});
  time.Observe({Phase(TrainerPhase::kCheckpoint, 1, 1)});
  EXPECT_EQ(time.Longest(), milliseconds(2 * 1500 + 2000));
}

TEST(BeginOfStopTest, LeavesTheWholeGraceWhileNothingIsKnownAndNeverMore) {
  const AgentOptions options{.stop_grace = seconds(30), .drain_grace = seconds(10)};
  const Clock::time_point until = Clock::now() + seconds(100);
  StoppingTime time;
  EXPECT_EQ(until - BeginOfStop(until, time, options), seconds(40));
  time.Observe({Phase(TrainerPhase::kCheckpoint, 1, 2)});
  EXPECT_EQ(until - BeginOfStop(until, time, options), seconds(14));
  time.Observe({Phase(TrainerPhase::kCheckpoint, 1, 100)});
  EXPECT_EQ(until - BeginOfStop(until, time, options), seconds(40));
}

class EndWatchTest : public testing::Test {
 protected:
  // What it says within a minute, "" where it says nothing any more.
  std::string RunUntilEnd() {
    for (int i = 0; i < 600 && ends_.empty() && !io_.stopped(); ++i) io_.run_for(milliseconds(100));
    return ends_.empty() ? "" : ends_.front();
  }

  boost::asio::io_context io_;
  AgentOptions options_{.stop_grace = milliseconds(0), .drain_grace = milliseconds(0)};
  std::vector<std::string> ends_;
  absl::Status status_;
  const EndWatch::End end_ = [this](const std::string& why, const absl::Status& status) {
    ends_.push_back(why);
    status_ = status;
  };
};

TEST_F(EndWatchTest, WithoutOptionsItNeverEnds) {
  EndWatch watch(io_, options_, end_);
  watch.Start();
  watch.Note(Activity::kIdle);
  EXPECT_EQ(watch.TimeLeft(), std::nullopt);
  EXPECT_EQ(RunUntilEnd(), "");
}

TEST_F(EndWatchTest, EndsWhenItsTimeIsUp) {
  options_.until = Clock::now() + milliseconds(50);
  EndWatch watch(io_, options_, end_);
  EXPECT_GT(watch.TimeLeft(), milliseconds(0));
  watch.Start();
  EXPECT_NE(RunUntilEnd(), "");
  EXPECT_GE(Clock::now(), *options_.until);
  EXPECT_EQ(watch.TimeLeft(), milliseconds(0));
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(EndWatchTest, EndsWellWhenIdleAndWithAnErrorWhenNobodyAnswers) {
  options_.exit_when_idle = milliseconds(20);
  {
    EndWatch watch(io_, options_, end_);
    watch.Note(Activity::kIdle);
    EXPECT_NE(RunUntilEnd(), "");
    EXPECT_TRUE(status_.ok()) << status_;
  }
  ends_.clear();
  io_.restart();
  EndWatch watch(io_, options_, end_);
  watch.Note(Activity::kUnanswered);
  EXPECT_NE(RunUntilEnd(), "");
  EXPECT_EQ(status_.code(), absl::StatusCode::kUnavailable);
}

TEST_F(EndWatchTest, CountsAnewAfterItHeldSomething) {
  options_.exit_when_idle = std::chrono::hours(1);
  EndWatch watch(io_, options_, end_);
  watch.Note(Activity::kIdle);
  watch.Note(Activity::kBusy);
  EXPECT_EQ(RunUntilEnd(), "") << "nothing is waited for while it is busy";
}

}  // namespace
}  // namespace ofsweep
