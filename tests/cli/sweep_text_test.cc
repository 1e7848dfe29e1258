#include "cli/sweep_text.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::ContainsRegex;
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
  EXPECT_EQ(DescribeCounts(SmallSweep().trials()), "2/6 ended (1 completed, 1 failed), 1 running");
}

TEST(SweepText, ASubmissionSaysHowManyTrialsAreSharedAndHowToWatch) {
  v1::SubmitSweepResponse response;
  *response.mutable_sweep() = SmallSweep();
  v1::SweepTrials& shared = *response.add_shared_with();
  shared.set_sweep("before");
  shared.set_trials(2);
  response.set_created(true);
  const std::string text = DescribeSubmission(response, 6, false, {.coordinator = "gpu-1:7070"});
  EXPECT_THAT(text, HasSubstr("6 trials, 2 of them shared with sweep before"));
  EXPECT_THAT(text, HasSubstr("`ofsweep watch quickstart --coordinator gpu-1:7070`\n"));
  EXPECT_THAT(DescribeSubmission(response, 6, true, {}), Not(HasSubstr("ofsweep watch")));
}

TEST(SweepText, AnUpdateSaysWhomItsKeysReach) {
  v1::SubmitSweepResponse response;
  *response.mutable_sweep() = SmallSweep();
  for (const char* key : {"description", "keep.checkpoints", "train.threads", "train.checkpoint_every"}) {
    response.add_differing_keys(key);
  }
  const std::string kept = DescribeSubmission(response, 6, false, {});
  EXPECT_THAT(kept, HasSubstr("keeps its own description and keep.checkpoints and train.threads"));
  EXPECT_THAT(kept, HasSubstr("--update"));
  response.set_updated(true);
  const std::string changed = DescribeSubmission(response, 6, false, {});
  EXPECT_THAT(changed, HasSubstr("keep.checkpoints holds for trials that end from now on"));
  EXPECT_THAT(changed, HasSubstr("still to be trained take train.threads and train.checkpoint_every"));
  EXPECT_THAT(changed, HasSubstr("keep what they began with"));
  response.mutable_sweep()->mutable_trials()->Clear();
  EXPECT_THAT(DescribeSubmission(response, 6, false, {}), Not(HasSubstr("keep.checkpoints"))) << "nothing has ended";
  response.set_created(true);
  EXPECT_EQ(DescribeDifferences(response), "");
}

TEST(SweepText, CombinationsThatAreOneTrialAreCounted) {
  v1::SubmitSweepResponse response;
  *response.mutable_sweep() = SmallSweep();
  EXPECT_THAT(DescribeTrials(response, 6), Not(HasSubstr("combinations")));
  EXPECT_THAT(DescribeTrials(response, 8), HasSubstr("6 trials (8 combinations, of which 2 are the same trial"));
  EXPECT_EQ(DescribeSize(1, 2), "1 trial (2 combinations, of which 1 is the same trial as another)");
}

TEST(SweepText, ASweepIsListedWithItsStateAndTime) {
  EXPECT_EQ(RenderSweeps({SmallSweep()}),
            "SWEEP       STATE   TRIALS                                        SUBMITTED\n"
            "quickstart  active  2/6 ended (1 completed, 1 failed), 1 running  2023-11-14 22:13:20 UTC\n");
}

TEST(SweepText, WhatItsFileSaysOfASweepIsShownWhereItSaysSomething) {
  v1::Sweep sweep = SmallSweep();
  sweep.set_keep_checkpoints("last");
  EXPECT_THAT(RenderSweep(sweep, {}), StartsWith("sweep      quickstart\nstate "));
  sweep.set_description("why,\nand how\n");
  sweep.add_tags("paper");
  sweep.add_tags("soap");
  sweep.set_priority(-2);
  sweep.set_keep_checkpoints("none");
  EXPECT_THAT(RenderSweep(sweep, {}),
              StartsWith("sweep      quickstart\n           why,\n           and how\ntags       paper soap\n"
                         "priority   -2\nkeeps      none of its checkpoints\nstate "));
  EXPECT_THAT(RenderSweeps({sweep, SmallSweep()}), HasSubstr("SUBMITTED                PRIORITY  TAGS\n"));
  EXPECT_THAT(RenderSweeps({sweep}), HasSubstr("22:13:20 UTC  -2        paper soap\n"));
}

TEST(SweepText, ShowNamesTheSubmittedTextAndWhoTookIt) {
  v1::Sweep sweep = SmallSweep();
  sweep.set_file("sweep.yaml");
  sweep.set_spec_sha256("00ff");
  sweep.set_revision("0.1.0 (abc)");
  EXPECT_THAT(RenderSweep(sweep, {}),
              AllOf(HasSubstr("file       sweep.yaml\nsha256     00ff\n"), HasSubstr("taken by   0.1.0 (abc)\n")));
}

TEST(SweepText, ShowSaysWhatSetGave) {
  v1::Sweep sweep = SmallSweep();
  sweep.set_spec("name: quickstart\ntrial: {train.steps: 600}\nset: {train.steps: 100, seed: 3}\n");
  EXPECT_THAT(RenderSweep(sweep, {}), HasSubstr("\nset        seed=3 train.steps=100\n"));
  sweep.set_spec("name: quickstart\ntrial: {train.steps: 600}\n");
  EXPECT_THAT(RenderSweep(sweep, {}), Not(HasSubstr("\nset ")));
}

TEST(SweepText, SweepsAreListedWithTheirPriorityWhereOneHasOne) {
  v1::Sweep first = SmallSweep(), second = SmallSweep();
  first.set_priority(5);
  EXPECT_THAT(RenderSweeps({first, second}), AllOf(HasSubstr("SUBMITTED                PRIORITY\n"),
                                                   HasSubstr("22:13:20 UTC  5\n"), HasSubstr("22:13:20 UTC  0\n")));
  EXPECT_THAT(RenderSweeps({second}), Not(HasSubstr("PRIORITY")));
}

TEST(SweepText, ShowNamesTheReasonForWaitingAndEveryFailureInOneLine) {
  v1::Sweep sweep = SmallSweep();
  sweep.set_waiting_reason("waiting: no worker is connected");
  const std::string text = RenderSweep(sweep, {FailedTrial()});
  EXPECT_THAT(text, HasSubstr("\nwaits      no worker is connected\n"));
  EXPECT_THAT(
      text,
      HasSubstr("0123456789abcdef  model.block=op  failed  20/600  —           —          —         3         host-1  "
                "crash: killed by signal 11\n"));
}

TEST(SweepText, ShowKeepsTrainingAndValidationLossApart) {
  v1::Trial running = FailedTrial(), completed = FailedTrial();
  (*running.mutable_results())["train_loss"] = 3.5;
  (*completed.mutable_results())["train_loss"] = 3.25;
  (*completed.mutable_results())["eval_loss"] = 3.75;
  const std::string text = RenderSweep(SmallSweep(), {running, completed});
  EXPECT_THAT(text, ContainsRegex("TRAIN LOSS  EVAL LOSS  KURTOSIS"));
  EXPECT_THAT(text, ContainsRegex("3\\.500 +— +—"));
  EXPECT_THAT(text, ContainsRegex("3\\.250 +3\\.750 +—"));
}

// What it announces is on the lines that a table leaves out.
TEST(SweepText, ARemarkDoesNotEndInWhatAnnouncesTheLog) {
  v1::Trial trial = FailedTrial();
  trial.set_failure_message("the trainer was killed (SIGKILL); the end of /d/attempt-1.log:\n");
  EXPECT_THAT(RenderSweep(SmallSweep(), {trial}), HasSubstr("crash: the trainer was killed (SIGKILL)\n"));
  trial.set_failure_message("cannot read:\nmore");
  EXPECT_THAT(RenderSweep(SmallSweep(), {trial}), HasSubstr("crash: cannot read:\n"));
}

TEST(SweepText, FailuresTellTheWholeMessageAndWhereTheLogsAre) {
  const std::string text = DescribeFailures({FailedTrial()}, "ofsweep-data");
  EXPECT_THAT(text, StartsWith("1 trial failed:\n  0123456789abcdef  model.block=op\n"));
  EXPECT_THAT(text, HasSubstr("crash after 3 attempts: killed by signal 11\nsecond line"));
  EXPECT_THAT(text, HasSubstr("ofsweep-data/trials/0123456789abcdef/logs"));
  EXPECT_THAT(DescribeFailures({FailedTrial()}, ""), Not(HasSubstr("logs")));
}

TEST(SweepText, ACauseThatTrialsShareIsToldOnceWithAllOfThem) {
  std::vector<v1::Trial> failed(16, FailedTrial());
  for (int i = 0; i < 16; ++i) {
    failed[i].set_trial_id("trial" + std::to_string(i));
    failed[i].set_failure_message("killed; the end of /d/trials/trial" + std::to_string(i) + "/logs/attempt-1.log:\nX");
  }
  failed[7].set_failure_message("another cause");
  const std::string text = DescribeFailures(failed, "d");
  EXPECT_THAT(text, Not(ContainsRegex("killed;[^#]*killed;")));
  for (const v1::Trial& trial : failed) EXPECT_THAT(text, HasSubstr("  " + trial.trial_id() + "  model.block=op\n"));
  EXPECT_THAT(text, HasSubstr("each of these 15: crash after 3 attempts: killed"));
  EXPECT_THAT(text, HasSubstr("crash after 3 attempts: another cause"));
}

}  // namespace
}  // namespace ofsweep
