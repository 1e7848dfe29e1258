#include "cli/progress.h"

#include <gmock/gmock.h>

#include "cli/format.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

v1::WatchSweepResponse Message(std::uint64_t steps_done, std::uint64_t steps_total) {
  v1::WatchSweepResponse message;
  message.mutable_sweep()->set_name("quickstart");
  message.mutable_sweep()->set_state("active");
  message.mutable_sweep()->set_steps_done(steps_done);
  message.mutable_sweep()->set_steps_total(steps_total);
  return message;
}

void AddRunning(v1::WatchSweepResponse& message, const std::string& id, const std::string& label, std::uint64_t step,
                bool measured = true) {
  v1::TrialProgress* trial = message.add_running();
  trial->set_trial_id(id);
  trial->set_label(label);
  trial->set_worker("host-1");
  trial->set_step(step);
  trial->set_target_steps(600);
  if (measured) {
    trial->set_train_loss(3.8041);
    trial->set_kurtosis_max(14.4);
    trial->set_steps_per_second(7.9);
  }
  message.mutable_sweep()->mutable_trials()->set_running(message.running_size());
}

void AddFinished(v1::WatchSweepResponse& message, const std::string& id, const std::string& state) {
  v1::Trial* trial = message.add_finished();
  trial->set_trial_id(id);
  trial->set_label("model.block=op optimizer.name=" + id);
  trial->set_state(state);
  trial->set_step(600);
  if (state == "failed") {
    trial->set_failure_class("bad_data");
    trial->set_failure_message("corpus.txt: no such file\nmore");
  } else {
    (*trial->mutable_results())["eval_loss"] = 3.3812;
    (*trial->mutable_results())["kurtosis_max"] = 1.4123;
    (*trial->mutable_results())["wall_seconds"] = 76;
  }
}

// After its last step a trial is still evaluated.
TEST(Progress, AllIsDoneOnlyWhenEveryTrialHasEnded) {
  v1::WatchSweepResponse message = Message(3600, 3600);
  message.mutable_sweep()->mutable_trials()->set_completed(5);
  message.mutable_sweep()->mutable_trials()->set_running(1);
  EXPECT_THAT(Progress().Update(message, 83, {.width = 100}).live[0], HasSubstr("5/6 trials ended · 99 % · 1 running"));
  message.mutable_sweep()->mutable_trials()->clear_running();
  EXPECT_THAT(Progress().Update(message, 83, {.width = 100}).live[0], HasSubstr("5/5 trials ended · 100 %"));
}

TEST(Progress, TheHeadTellsWhatIsDoneAndHowLongTheRestTakes) {
  v1::WatchSweepResponse message = Message(900, 3600);
  v1::TrialCounts* counts = message.mutable_sweep()->mutable_trials();
  counts->set_pending(2);
  counts->set_completed(1);
  counts->set_diverged(1);
  counts->set_failed(1);
  message.mutable_sweep()->set_eta_seconds(250);
  AddRunning(message, "a", "model.block=op", 300);
  EXPECT_EQ(Progress().Update(message, 83, {.width = 100}).live[0],
            "quickstart  3/6 trials ended · 25 % · 1 running · 1 failed · 1 diverged · watched 1:23 · ETA 4:10");
}

TEST(Progress, ARunningTrialHasItsStepABarAndItsLiveLossAndKurtosis) {
  v1::WatchSweepResponse message = Message(300, 600);
  AddRunning(message, "a", "model.block=op", 300);
  EXPECT_EQ(Progress().Update(message, 0, {.width = 100}).live[1],
            "  model.block=op  ██████████░░░░░░░░░░  300/600  train loss 3.804  kurtosis 14.40  7.90 steps/s");
}

TEST(Progress, KurtosisHasASparklineOfTheNewestValuesWhereThereIsRoom) {
  Progress progress;
  std::vector<std::string> live;
  for (const double kurtosis : {1.0, 4.5, 8.0}) {
    v1::WatchSweepResponse message = Message(300, 600);
    AddRunning(message, "a", "model.block=op", static_cast<std::uint64_t>(100 * kurtosis));
    message.mutable_running(0)->set_kurtosis_max(kurtosis);
    live = progress.Update(message, 0, {.width = 120}).live;
    EXPECT_THAT(progress.Update(message, 0, {.width = 50}).live[1], Not(HasSubstr("▁")));
    EXPECT_THAT(progress.Update(message, 0, {.width = 120, .unicode = false}).live[1],
                AllOf(Not(HasSubstr("▁")), Not(HasSubstr("█")), HasSubstr("#")));
  }
  EXPECT_THAT(live[1], AllOf(HasSubstr("█  800"), EndsWith("  ▁▅█")));
  // Beside the label there is room for one of them.
  v1::WatchSweepResponse again = Message(300, 600);
  AddRunning(again, "a", "model.block=op optimizer.name=adam", 850);
  EXPECT_THAT(progress.Update(again, 0, {.width = 80}).live[1], AllOf(Not(HasSubstr("█  850")), EndsWith("  ▁▃▅█")));
}

TEST(Progress, WhatAllTrialsShareGivesWayBeforeWhatTellsThemApart) {
  EXPECT_THAT(FitLabels({"model.block=op model.width=64 seed=0", "model.block=op model.width=64 seed=1"}, 12),
              ElementsAre("0 op 64", "1 op 64"));
}

TEST(Progress, BeforeTheFirstMeasurementOnlyTheStepIsKnown) {
  v1::WatchSweepResponse message = Message(0, 600);
  AddRunning(message, "a", "model.block=op", 0, false);
  EXPECT_EQ(Progress().Update(message, 0, {.width = 60}).live[1], "  model.block=op  ░░░░░░░░░░░░░░░░░░░░  0/600");
}

TEST(Progress, BeforeTheFirstPointsATrialShowsWhatItsTrainerDoes) {
  v1::WatchSweepResponse message = Message(0, 1200);
  AddRunning(message, "a", "model.block=op", 0, false);
  AddRunning(message, "b", "model.block=pre_norm", 30);
  message.mutable_running(0)->set_doing("preparing data: 40 % of 31.0 MiB tokenised");
  const std::vector<std::string> live = Progress().Update(message, 0, {.width = 100}).live;
  EXPECT_EQ(live[1], "  model.block=op        preparing data: 40 % of 31.0 MiB tokenised");
  EXPECT_THAT(live[2], HasSubstr("30/600  train loss"));
  EXPECT_LE(DisplayWidth(Progress().Update(message, 0, {.width = 40}).live[1]), 40);
}

TEST(Progress, NoLineIsWiderThanTheTerminalAndLabelsGiveWayBeforeNumbers) {
  v1::WatchSweepResponse message = Message(300, 1200);
  AddRunning(message, "a", "model.block=post_norm optimizer.name=adam optimizer.learning_rate=0.001", 100);
  AddRunning(message, "b", "model.block=op optimizer.name=soap optimizer.learning_rate=0.001", 200);
  AddFinished(message, "c", "completed");
  for (std::size_t width : {40, 60, 80, 120, 200}) {
    const ProgressFrame frame = Progress().Update(message, 10, {.width = width});
    for (const auto& line : frame.live) EXPECT_LE(DisplayWidth(line), width) << line;
    for (const auto& line : frame.scrolled) EXPECT_LE(DisplayWidth(line), width) << line;
  }
  EXPECT_THAT(Progress().Update(message, 10, {.width = 80}).live[1], HasSubstr("kurtosis 14.40"));
}

TEST(Progress, ANarrowTerminalShowsWhichTrialItIsBeforeHowFastItIs) {
  v1::WatchSweepResponse message = Message(300, 1200);
  AddRunning(message, "a", "model.block=pre_norm optimizer.name=adam", 100);
  AddRunning(message, "b", "model.block=pre_norm optimizer.name=soap", 200);
  for (v1::TrialProgress& trial : *message.mutable_running()) trial.set_target_steps(1'000'000);
  for (const std::size_t width : {50, 60, 80}) {
    const auto live = Progress().Update(message, 10, {.width = width}).live;
    EXPECT_THAT(live[1], AllOf(HasSubstr("  adam pre_norm "), HasSubstr("kurtosis 14.40"))) << width;
    EXPECT_THAT(live[2], HasSubstr("  soap pre_norm ")) << width;
  }
}

TEST(Progress, LabelsLoseTheirSectionsThenTheirKeys) {
  const std::vector<std::string> labels = {"model.block=post_norm optimizer.name=adam",
                                           "model.block=op optimizer.name=adam"};
  EXPECT_EQ(FitLabels(labels, 60), labels);
  EXPECT_THAT(FitLabels(labels, 30), ElementsAre("block=post_norm name=adam", "block=op name=adam"));
  EXPECT_THAT(FitLabels(labels, 16), ElementsAre("post_norm adam", "op adam"));
  EXPECT_THAT(FitLabels(labels, 6), ElementsAre("post_…", "op ad…"));
  EXPECT_THAT(FitLabels({"evaluate.every=5 measure.every=1 optimizer.name=adam"}, 44),
              ElementsAre("evaluate.every=5 measure.every=1 name=adam"));
}

TEST(Progress, ATrialThatFinishedScrollsUpOnceWithItsOutcomeEvenWhenTheStreamStartsAnew) {
  Progress progress;
  v1::WatchSweepResponse message = Message(600, 1200);
  AddFinished(message, "adam", "completed");
  EXPECT_THAT(
      progress.Update(message, 0, {.width = 120}).scrolled,
      ElementsAre("completed  model.block=op optimizer.name=adam  eval loss 3.381  kurtosis 1.412  600 steps in 1:16"));
  EXPECT_THAT(progress.Update(message, 1, {.width = 120}).scrolled, IsEmpty());
}

TEST(Progress, ATrialThatDivergedShowsTheTrainingLossAsSuch) {
  v1::WatchSweepResponse message = Message(600, 1200);
  AddFinished(message, "adam", "diverged");
  (*message.mutable_finished(0)->mutable_results())["train_loss"] = 9.5;
  EXPECT_THAT(Progress().Update(message, 0, {.width = 120}).scrolled,
              ElementsAre(AllOf(HasSubstr("train loss 9.500"), Not(HasSubstr("3.381")))));
}

TEST(Progress, WithoutAnythingVariedATrialIsCalledByItsId) {
  v1::WatchSweepResponse message = Message(0, 600);
  AddRunning(message, "0123456789abcdef", "", 0);
  AddFinished(message, "fedcba9876543210", "completed");
  message.mutable_finished(0)->clear_label();
  const ProgressFrame frame = Progress().Update(message, 0, {.width = 120});
  EXPECT_THAT(frame.live[1], StartsWith("  0123456789abcdef  "));
  EXPECT_THAT(frame.scrolled, ElementsAre(StartsWith("completed  fedcba9876543210  ")));
  EXPECT_THAT(LineProgress().Update(message, 0), Contains("started    0123456789abcdef  on host-1"));
}

TEST(Progress, ACancelledSweepHasEndedTrialsAndIsCalledCancelled) {
  v1::WatchSweepResponse message = Message(100, 600);
  message.mutable_sweep()->set_state("cancelled");
  message.mutable_sweep()->mutable_trials()->set_cancelled(6);
  EXPECT_THAT(Progress().Update(message, 0, {}).live[0], StartsWith("quickstart cancelled  6/6 trials ended"));
}

TEST(Progress, AFailureSaysItsClassAndMessage) {
  v1::WatchSweepResponse message = Message(0, 600);
  AddFinished(message, "adam", "failed");
  EXPECT_THAT(Progress().Update(message, 0, {.width = 120}).scrolled,
              ElementsAre("failed     model.block=op optimizer.name=adam  bad_data: corpus.txt: no such file"));
}

TEST(Progress, ManyTrialsThatFinishedBeforeAreSummedUp) {
  v1::WatchSweepResponse message = Message(0, 600);
  message.mutable_sweep()->mutable_trials()->set_completed(100);
  for (int i = 0; i < 100; ++i) AddFinished(message, "t" + std::to_string(i), "completed");
  EXPECT_THAT(Progress().Update(message, 0, {}).scrolled,
              ElementsAre("100 trials ended earlier: 100 completed, 0 diverged, 0 failed, 0 cancelled"));
}

TEST(Progress, WhatASweepWaitsForIsSaidWhileNothingRuns) {
  v1::WatchSweepResponse message = Message(0, 600);
  message.mutable_sweep()->set_waiting_reason("waiting: no worker is connected");
  EXPECT_THAT(Progress().Update(message, 0, {}).live, Contains("  waiting: no worker is connected"));
}

TEST(Progress, MoreTrialsThanTheTerminalHasLinesAreCounted) {
  v1::WatchSweepResponse message = Message(0, 600);
  for (int i = 0; i < 30; ++i) AddRunning(message, std::to_string(i), "seed=" + std::to_string(i), 0);
  const auto live = Progress().Update(message, 0, {.width = 80, .height = 10}).live;
  EXPECT_LT(live.size(), 10u);
  EXPECT_EQ(live.back(), "  … and 24 more");
}

TEST(Progress, ColoursAreUsedOnlyWhereAsked) {
  v1::WatchSweepResponse message = Message(0, 600);
  AddFinished(message, "adam", "failed");
  EXPECT_THAT(Progress().Update(message, 0, {.colour = true}).scrolled[0], StartsWith("\x1b[31mfailed"));
  EXPECT_THAT(Progress().Update(message, 0, {.colour = false}).scrolled[0], Not(HasSubstr("\x1b")));
}

TEST(LineProgress, ALineWhenATrialStartsAndWhenItFinishes) {
  LineProgress progress;
  v1::WatchSweepResponse message = Message(0, 600);
  AddRunning(message, "adam", "model.block=op", 0, false);
  EXPECT_THAT(progress.Update(message, 0), Contains("started    model.block=op  on host-1"));
  EXPECT_THAT(progress.Update(message, 1), IsEmpty());
  v1::WatchSweepResponse end = Message(600, 600);
  end.mutable_sweep()->set_state("finished");
  end.mutable_sweep()->mutable_trials()->set_completed(1);
  AddFinished(end, "adam", "completed");
  EXPECT_THAT(progress.Update(end, 2),
              ElementsAre(StartsWith("completed  model.block=op"), HasSubstr("1/1 trials ended · 100 %")));
}

TEST(LineProgress, TheStateIsRepeatedAfterTenSecondsWithFivePercentOrAfterAMinute) {
  LineProgress progress;
  v1::WatchSweepResponse message = Message(0, 1000);
  AddRunning(message, "adam", "model.block=op", 0);
  progress.Update(message, 0);
  message.mutable_sweep()->set_steps_done(100);
  EXPECT_THAT(progress.Update(message, 9), IsEmpty());
  EXPECT_THAT(progress.Update(message, 10), Contains(HasSubstr("10 %")));
  message.mutable_sweep()->set_steps_done(120);
  EXPECT_THAT(progress.Update(message, 25), IsEmpty());
  EXPECT_THAT(progress.Update(message, 70), Contains(HasSubstr("kurtosis 14.40")));
}

}  // namespace
}  // namespace ofsweep
