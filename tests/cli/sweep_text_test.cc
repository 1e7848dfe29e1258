#include "cli/sweep_text.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::Sweep SmallSweep() {
  v1::Sweep sweep;
  sweep.set_name("quickstart");
  sweep.set_state("active");
  sweep.mutable_submitted_at()->set_seconds(1'700'000'000);
  sweep.mutable_trials()->set_pending(3);
  sweep.mutable_trials()->set_running(1);
  sweep.mutable_trials()->set_completed(1);
  sweep.mutable_trials()->set_failed(1);
  return sweep;
}

v1::Trial FailedTrial() {
  v1::Trial trial;
  trial.set_trial_id("0123456789abcdef");
  trial.set_label("model.block=op");
  trial.set_state("failed");
  trial.set_attempts(3);
  trial.set_step(20);
  trial.set_target_steps(600);
  trial.set_worker("host-1");
  trial.set_failure_class("crash");
  trial.set_failure_message("killed by signal 11\nsecond line");
  return trial;
}

TEST(SweepText, CountsSayWhatBecameOfTheTrials) {
  EXPECT_EQ(DescribeCounts(SmallSweep().trials()), "2/6 done (1 completed, 1 failed), 1 running");
}

TEST(SweepText, ASubmissionSaysHowManyTrialsAreSharedAndHowToWatch) {
  v1::SubmitSweepResponse response;
  *response.mutable_sweep() = SmallSweep();
  v1::SweepTrials& shared = *response.add_shared_with();
  shared.set_sweep("before");
  shared.set_trials(2);
  response.set_created(true);
  const std::string text = DescribeSubmission(response, false, "gpu-1:7070");
  EXPECT_THAT(text, HasSubstr("6 trials, 2 of them shared with sweep before"));
  EXPECT_THAT(text, HasSubstr("ofsweep watch quickstart --coordinator gpu-1:7070\n"));
  EXPECT_THAT(DescribeSubmission(response, true, std::nullopt), Not(HasSubstr("ofsweep watch")));
}

TEST(SweepText, ASweepIsListedWithItsStateAndTime) {
  EXPECT_EQ(RenderSweeps({SmallSweep()}),
            "SWEEP       STATE   TRIALS                                       SUBMITTED\n"
            "quickstart  active  2/6 done (1 completed, 1 failed), 1 running  2023-11-14 22:13:20 UTC\n");
}

TEST(SweepText, ShowNamesTheReasonForWaitingAndEveryFailureInOneLine) {
  v1::Sweep sweep = SmallSweep();
  sweep.set_waiting_reason("waiting: no worker is connected");
  const std::string text = RenderSweep(sweep, {FailedTrial()});
  EXPECT_THAT(text, HasSubstr("waiting: no worker is connected"));
  EXPECT_THAT(text, HasSubstr("0123456789abcdef  model.block=op  failed  20/600  —     —         3         host-1  "
                              "crash: killed by signal 11\n"));
}

TEST(SweepText, FailuresTellTheWholeMessageAndWhereTheLogsAre) {
  const std::string text = DescribeFailures({FailedTrial()}, "ofsweep-data");
  EXPECT_THAT(text, StartsWith("1 trial failed:\n  0123456789abcdef  model.block=op\n"));
  EXPECT_THAT(text, HasSubstr("crash after 3 attempts: killed by signal 11\nsecond line"));
  EXPECT_THAT(text, HasSubstr("ofsweep-data/trials/0123456789abcdef/logs"));
  EXPECT_THAT(DescribeFailures({FailedTrial()}, ""), Not(HasSubstr("logs")));
}

}  // namespace
}  // namespace ofsweep
