// The coordinator as its callers see it, on a real database.
#include "coordinator/coordinator.h"
#include "coordinator/sweep_reader.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/coordinator/coordinator_world.h"
#include "tests/coordinator/scheduler_bench.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(Coordinator, ASubmittedSweepIsStoredInItsOrder) {
  CoordinatorWorld world;
  const auto result = world.Submit("sweep", 2);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->created);
  EXPECT_EQ(result->sweep.counts.at(TrialState::kPending), 4u);
  const auto rows = world.store().ListResults("sweep", {}, 10, 0);
  ASSERT_THAT(*rows, SizeIs(4));
  const auto settings = *world.coordinator().views().Settings("sweep");
  EXPECT_EQ(TrialLabel(*settings, (*rows)[1]), "model.block=op seed=0");
}

TEST(Coordinator, SubmittingTheSameAgainChangesNothingAndAnotherOfThatNameIsRefused) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep", 2).ok());
  const auto again = world.Submit("sweep", 2);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->created);
  EXPECT_EQ(world.Submit("sweep", 3).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(world.coordinator().views().Summaries(), SizeIs(1));
}

TEST(Coordinator, ValidationStoresNothing) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("first").ok());
  const auto result =
      world.SubmitText("name: second\ntrial: {train.steps: 100}\ngrid: {model.block: [pre_norm, post_norm]}\n",
                       /*validate_only=*/true, CoordinatorWorld::SeenData());
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->shared_with, ElementsAre(Pair("first", 1u)));
  EXPECT_EQ(world.coordinator().views().Summary("second").status().code(), absl::StatusCode::kNotFound);
}

TEST(Coordinator, TooManyTrialsAreRefusedWithTheirCount) {
  CoordinatorWorld world;
  SweepSpec spec;
  spec.name = "huge";
  for (const char* key : {"seed", "train.steps", "train.batch_size"}) {
    Axis axis;
    for (std::int64_t value = 1; value <= 1000; ++value) axis.points.push_back({{key, value}});
    spec.axes.push_back(std::move(axis));
  }
  const auto result = world.coordinator().intake().Submit({.spec = spec}, world.problems);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
  ASSERT_THAT(world.problems, SizeIs(1));
  EXPECT_THAT(world.problems[0].message, HasSubstr("1000000000"));
}

TEST(Coordinator, ASubmissionWhoseCallerHasGoneStoresNothing) {
  CoordinatorWorld world;
  SweepSpec spec;
  spec.name = "abandoned";
  Axis seeds;
  for (std::int64_t seed = 0; seed < 10; ++seed) seeds.points.push_back({{"seed", seed}});
  spec.axes.push_back(std::move(seeds));
  int asked = 0;
  const auto has_gone = [&asked] { return ++asked > 3; };
  const auto result = world.coordinator().intake().Submit({.spec = spec, .is_cancelled = has_gone}, world.problems);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(asked, 10);
  EXPECT_FALSE((*world.store().FindSweep("abandoned")).has_value());
}

TEST(Coordinator, AnAssignmentHoldsTheTrialAsItWasSubmitted) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const auto first = world.Call("w", 1);
  ASSERT_THAT(first->start, SizeIs(1));
  const auto config = nlohmann::json::parse(first->start[0].config_json);
  EXPECT_EQ(config["model.block"], "pre_norm");
  EXPECT_EQ(config["train.steps"], 100);
  EXPECT_EQ(config["train.device"], "auto");

  // What the first machine makes of `auto` is stored for its readers, but the next machine decides for itself.
  AttemptReport running = Running(first->start[0].name.trial_id, 1);
  running.begun = AttemptBeginning{.config_json = R"({"train.device": "cuda:0", "train.precision": "bf16"})"};
  const auto second = world.Call("w", 1, {running});
  EXPECT_THAT(second->keep, SizeIs(1));
  const auto resolved = [&] { return (*world.store().ListResults("sweep", {}, 1, 0))[0].origin.resolved_json; };
  EXPECT_EQ(resolved(), R"({"train.precision":"bf16","train.device":"cuda:0"})");
  const auto third = world.Call("w", 1);
  ASSERT_EQ(third->start[0].name.generation, 2u);
  EXPECT_EQ(third->start[0].config_json, first->start[0].config_json);

  // Nobody can make another trial of it.
  running = Running(first->start[0].name.trial_id, 2);
  running.begun = AttemptBeginning{.config_json = R"({"train.steps": "many", "model.block": "op"})"};
  EXPECT_THAT(world.Call("w", 1, {running})->keep, IsEmpty());
  EXPECT_EQ(world.Stored(running.name.trial_id).failure_class, FailureClass::kCrash);
  EXPECT_EQ(resolved(), R"({"train.precision":"bf16","train.device":"cuda:0"})");
}

// As in tables.
TEST(Coordinator, AnEvaluationIsNoPartOfTheSpeed) {
  LiveTrials live({});
  const auto show = [&](std::int64_t step, double seconds, const char* metric) {
    StepPoints points{.step = step, .seconds = seconds};
    points.points.push_back({{metric}, 1});
    live.Show("trial", *ColumnsOf({points}), 0);
  };
  show(98, 9.8, "train_loss");
  show(99, 9.9, "train_loss");
  show(100, 9.9 + 1e-8, "eval_loss");  // at the step of the update to come, with the seconds of the last one
  show(100, 10.0, "train_loss");
  EXPECT_NEAR(*live.Get("trial").steps_per_second, 10, 1e-6);
}

// A sweep of trials that another sweep brought first.
TEST(Coordinator, ASharedTrialHasEachSweepsOwnInertValuesAndLabels) {
  CoordinatorWorld world;
  const auto submit = [&](const std::string& name, int refresh_every) {
    return world.SubmitText(absl::StrCat("name: ", name, "\ntrial: {train.steps: 100",
                                         "}\n"
                                         "grid: {optimizer.name: [adam, soap], optimizer.refresh_every: [",
                                         refresh_every, "]}\n"),
                            false, CoordinatorWorld::SeenData());
  };
  ASSERT_TRUE(submit("first", 5).ok()) << ToText(world.problems);
  const auto second = submit("second", 7);
  ASSERT_TRUE(second.ok()) << ToText(world.problems);
  SweepReader reader(world.store(), &world.coordinator().views());
  const auto labels = [&](const std::string& sweep) {
    std::vector<std::string> found;
    const auto page = reader.Trials(sweep, {}, 10, 0, true);
    for (const v1::Trial& trial : page->entries) {
      const double refresh = trial.config().fields().at("optimizer.refresh_every").number_value();
      found.push_back(absl::StrCat(trial.label(), ": ", refresh));
    }
    return found;
  };
  EXPECT_THAT(labels("first"), ElementsAre("optimizer.name=adam: 5", "optimizer.name=soap: 5"));
  EXPECT_THAT(labels("second"), ElementsAre("optimizer.name=adam: 7", "optimizer.name=soap: 7"));
}

TEST(Coordinator, PathsOfAnArmAreAsTheyAreWrittenBesideTheFile) {
  CoordinatorWorld world;
  std::vector<Problem> problems;
  const std::string yaml =
      "name: paths\ntrial: {data.source: text}\ngrid: {data.path: [corpora/a.txt, ../b.txt, /c.txt]}\n";
  const std::string file = "/srv/sweeps/paths.yaml";
  const SweepSpec spec = ParseSweepSpec(yaml, file, problems);
  ASSERT_TRUE(world.coordinator().intake().Submit({spec, yaml, file}, problems).ok()) << ToText(problems);
  std::vector<std::string> arms;
  const auto rows = world.store().ListResults("paths", {}, 10, 0);
  for (const ResultRow& row : *rows) arms.push_back(row.trial.arm.label);
  EXPECT_THAT(arms, ElementsAre("data.path=corpora/a.txt", "data.path=../b.txt", "data.path=/c.txt"));
}

TEST(Coordinator, ABlockThatIsNanHidesBehindNoOtherInTheLiveView) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  for (const bool broken_first : {true, false}) {
    StepPoints step = Step(broken_first ? 10 : 20, 3);
    step.points[broken_first ? 1 : 2].value = std::nan("");
    ASSERT_TRUE(world.Push(name, {step}).ok());
    const auto progress = world.coordinator().views().Progress("sweep", 0, 1000);
    EXPECT_TRUE(std::isnan(progress->running.at(0).live.kurtosis_max.value_or(0)));
  }
}

TEST(Coordinator, ASweepRunsToItsEnd) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  for (int trial = 0; trial < 2; ++trial) {
    const auto answer = world.Call("w", 1);
    ASSERT_THAT(answer->start, SizeIs(1));
    const AttemptName name = answer->start[0].name;
    EXPECT_EQ(world.Push(name, {Step(10, 4.5), Step(20, 4.0)})->stored, 6u);
    EXPECT_EQ(world.Push(name, {Step(20, 4.0)})->duplicates, 3u);
    const auto ended = world.Call("w", 1, {Ended(name.trial_id, name.generation, AttemptOutcome::kCompleted)});
    EXPECT_THAT(ended->forget, ElementsAre(name));
    EXPECT_EQ(world.Stored(name.trial_id).state, TrialState::kCompleted);
  }
  EXPECT_EQ(world.coordinator().views().Summary("sweep")->state, SweepState::kFinished);
  EXPECT_EQ((*world.store().FindSweep("sweep"))->state, SweepState::kFinished);
}

class FinishedTrials : public CoordinatorObserver {
 public:
  void TrialFinished(const std::vector<std::string>&, TrialState) override { ++count; }
  void TrialRestarted(const std::vector<std::string>&, const std::string&) override {}
  void LeaseExpired() override {}
  void PointsStored(const PushCounts&) override {}
  void PointsRejected(std::uint64_t) override {}

  int count = 0;
};

// The call that ends a trial starts the next one, which cannot be read.
TEST(Coordinator, AnEndIsAnnouncedThoughTheNextTrialCannotBeStarted) {
  CoordinatorWorld world;
  FinishedTrials finished;
  world.observer = &finished;
  world.Restart();
  ASSERT_TRUE(world.Submit("sweep").ok());
  const auto first = world.Call("w", 1);
  ASSERT_THAT(first->start, SizeIs(1));
  const AttemptName name = first->start[0].name;
  const auto rows = world.store().LoadTrials("sweep");
  for (const TrialRow& row : *rows) {
    if (row.trial_id != name.trial_id) world.LoseConfiguration(row.trial_id);
  }
  const auto second = world.Call("w", 1, {Ended(name.trial_id, name.generation, AttemptOutcome::kCompleted)});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(world.Stored(name.trial_id).state, TrialState::kCompleted);
  EXPECT_EQ(finished.count, 1);
}

TEST(Coordinator, ProgressShowsTheNewestValuesOfEachRunningTrial) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  ASSERT_TRUE(world.Push(name, {Step(10, 4.5), Step(20, 4.0)}).ok());
  auto progress = world.coordinator().views().Progress("sweep", 0, 1000);
  ASSERT_TRUE(progress.ok());
  ASSERT_THAT(progress->running, SizeIs(1));
  EXPECT_EQ(progress->running[0].label, "model.block=pre_norm");
  EXPECT_EQ(progress->running[0].live.step, 20);
  EXPECT_EQ(progress->running[0].live.train_loss, 4.0);
  EXPECT_EQ(progress->running[0].live.kurtosis_max, 2.5);
  EXPECT_EQ(progress->running[0].live.steps_per_second, 10);
  EXPECT_EQ(progress->sweep.steps->done, 20);
  EXPECT_EQ(progress->sweep.steps->total, 200);
  EXPECT_EQ(progress->sweep.steps->eta_seconds, 18);
  EXPECT_THAT(progress->finished, IsEmpty());

  world.Call("w", 1, {Ended(name.trial_id, 1, AttemptOutcome::kCompleted)}).IgnoreError();
  progress = world.coordinator().views().Progress("sweep", progress->finished_cursor, 1000);
  ASSERT_THAT(progress->finished, SizeIs(1));
  EXPECT_EQ(progress->finished[0].position, 0u);
  EXPECT_THAT(world.coordinator().views().Progress("sweep", progress->finished_cursor, 1000)->finished, IsEmpty());
}

TEST(Coordinator, ATrialThatHasJustBegunIsTakenToBeAsFastAsTheOthers) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const auto answer = world.Call("w", 2);
  ASSERT_THAT(answer->start, SizeIs(2));
  ASSERT_TRUE(world.Push(answer->start[0].name, {Step(10, 4.5), Step(20, 4.0)}).ok());
  const auto progress = world.coordinator().views().Progress("sweep", 0, 1000);
  EXPECT_EQ(progress->sweep.steps->eta_seconds, 180 / (2 * 10.0));
}

TEST(Coordinator, AnOvertakenWorkerIsFencedOut) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName old = world.Call("old", 1)->start[0].name;
  world.clock.now += 3'600'000;
  ASSERT_TRUE(world.coordinator().Tick().ok());
  const AttemptName taken = world.Call("new", 1)->start[0].name;
  ASSERT_EQ(taken.trial_id, old.trial_id);
  EXPECT_TRUE(world.Push(old, {Step(10, 1)})->fenced);
  EXPECT_EQ(world.Push(taken, {Step(10, 2)})->stored, 3u);
}

TEST(Coordinator, ARestartDisturbsNobody) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  const AttemptName name = world.Call("w", 1)->start[0].name;
  ASSERT_TRUE(world.Push(name, {Step(10, 4.5)}).ok());
  world.Restart();
  EXPECT_EQ(world.Push(name, {Step(20, 4.0)})->stored, 3u);
  const auto answer = world.Call("w", 1, {Running(name.trial_id, name.generation)});
  EXPECT_THAT(answer->keep, ElementsAre(Holding{name, 20}));
  EXPECT_EQ(world.coordinator().views().Progress("sweep", 0, 1000)->sweep.steps->done, 20);
}

TEST(Coordinator, WaitersAreToldOfChanges) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.Submit("sweep").ok());
  std::uint64_t version = 0;
  EXPECT_TRUE(world.coordinator().views().WaitForChange(version, absl::InfiniteFuture()));
  EXPECT_FALSE(world.coordinator().views().WaitForChange(version, absl::InfinitePast()));
  ASSERT_TRUE(world.coordinator().Pause("sweep").ok());
  EXPECT_TRUE(world.coordinator().views().WaitForChange(version, absl::InfiniteFuture()));
}

TEST(Coordinator, OnlyTrialsThatAskForCudaWaitForItAfterARestartToo) {
  CoordinatorWorld world;
  ASSERT_TRUE(world.SubmitText("name: mixed\ngrid: {train.device: [cuda, cpu]}\n").ok());
  world.Restart();
  const auto answer = world.Call("cpu-host", 2);
  ASSERT_THAT(answer->start, SizeIs(1));
  EXPECT_THAT(answer->start[0].config_json, HasSubstr(R"("train.device":"cpu")"));
  EXPECT_THAT(world.coordinator().views().Summary("mixed")->waiting_reason, HasSubstr("needs a CUDA device"));
}

}  // namespace
}  // namespace ofsweep
