#include "cli/interruptions.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::WatchSweepResponse Running(const std::string& worker, std::uint32_t step) {
  v1::WatchSweepResponse message;
  v1::TrialProgress* trial = message.add_running();
  trial->set_trial_id("0123");
  trial->set_label("model.block=op");
  trial->set_worker(worker);
  trial->set_step(step);
  return message;
}

v1::Attempt Ended(const std::string& worker, const std::string& outcome) {
  v1::Attempt attempt;
  attempt.set_worker(worker);
  attempt.set_outcome(outcome);
  return attempt;
}

TEST(Interruptions, ALostWorkerIsToldAndWhereTheTrialRunsAgain) {
  Interruptions interruptions;
  const auto lost = [](const std::string&) { return Ended("gpu-1", "lost"); };
  EXPECT_THAT(interruptions.Update(Running("gpu-1", 120), lost), IsEmpty());
  EXPECT_THAT(interruptions.Update({}, lost), ElementsAre("lost       model.block=op  on gpu-1 at step 120"));
  EXPECT_THAT(interruptions.Update({}, lost), IsEmpty());
  EXPECT_THAT(interruptions.Update(Running("gpu-2", 100), lost), ElementsAre("again      model.block=op  on gpu-2"));
  EXPECT_THAT(interruptions.Update(Running("gpu-3", 130), lost),
              ElementsAre("stopped    model.block=op  on gpu-2 at step 100", "again      model.block=op  on gpu-3"));
}

TEST(Interruptions, ACrashSaysWhy) {
  Interruptions interruptions;
  const auto crashed = [](const std::string&) {
    v1::Attempt attempt = Ended("gpu-1", "failed");
    attempt.set_failure_class("oom");
    attempt.set_message("out of memory\nmore");
    return attempt;
  };
  interruptions.Update(Running("gpu-1", 20), crashed);
  EXPECT_THAT(interruptions.Update({}, crashed),
              ElementsAre("failed     model.block=op  on gpu-1 at step 20, oom: out of memory"));
}

TEST(Interruptions, ATrialThatEndedWasNotInterrupted) {
  Interruptions interruptions;
  const auto none = [](const std::string&) { return std::nullopt; };
  interruptions.Update(Running("gpu-1", 120), none);
  v1::WatchSweepResponse end;
  end.add_finished()->set_trial_id("0123");
  EXPECT_THAT(interruptions.Update(end, none), IsEmpty());
}

}  // namespace
}  // namespace ofsweep
