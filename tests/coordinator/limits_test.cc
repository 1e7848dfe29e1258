// What one caller, one sweep or one trial may take of a coordinator that serves others too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/message_bounds.h"
#include "coordinator/submission.h"
#include "ofsweep/v1/sweep.pb.h"
#include "ofsweep/v1/worker.pb.h"
#include "tests/coordinator/coordinator_world.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Seeds(const std::string& name, int first, int count) {
  std::string text = absl::StrCat("name: ", name, "\ntrial: {train.steps: 100}\ngrid: {seed: [", first);
  for (int i = 1; i < count; ++i) absl::StrAppend(&text, ", ", first + i);
  return text + "]}\n";
}

absl::StatusOr<SubmitResult> SubmitAs(CoordinatorWorld& world, const std::string& owner, const std::string& text) {
  world.problems.clear();
  Submission submission{.spec = ParseSweepSpec(text, "", world.problems), .text = text, .owner = owner};
  submission.spec.fingerprints = CoordinatorWorld::SeenData();
  return world.coordinator().intake().Submit(submission, world.problems);
}

TEST(Expansion, EndsWhereItsTrialsHaveNoRoomAndSaysHowManyOfWhatSizeThereAre) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(Seeds("big", 0, 1000), "", problems);
  ASSERT_THAT(problems, IsEmpty());
  const SweepSettings settings = ReadSweepSettings(spec, "");
  ByteRoom room(1 << 20);
  {
    ByteRoom::Share share(room);
    const auto expanded = ExpandSubmission(spec, settings, problems, share);
    EXPECT_EQ(expanded.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(expanded.status().message()), HasSubstr("spans 1000 trials of some "));
  }
  problems.clear();
  ByteRoom large(16 << 20);
  ByteRoom::Share share(large);
  EXPECT_TRUE(ExpandSubmission(spec, settings, problems, share).ok());
}

TEST(Expansion, EndsWithItsCaller) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(Seeds("big", 0, 1000), "", problems);
  ByteRoom room(16 << 20);
  ByteRoom::Share share(room);
  int asked = 0;
  const auto expanded =
      ExpandSubmission(spec, ReadSweepSettings(spec, ""), problems, share, [&] { return ++asked > 10; });
  EXPECT_EQ(expanded.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LE(asked, 20) << "the rest is not expanded";
}

TEST(TrialQuota, ACallerMayHaveSoManyTrialsThatWaitOrRun) {
  CoordinatorWorld world;
  world.options.max_trials_per_caller = 4;
  world.Restart();
  ASSERT_TRUE(SubmitAs(world, "alice", Seeds("first", 0, 3)).ok());
  const auto refused = SubmitAs(world, "alice", Seeds("second", 10, 2));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(
      std::string(refused.status().message()),
      HasSubstr("has 2 trials that are to be trained, and of alice 3 wait or run already: one caller may have 4"));
  EXPECT_TRUE(SubmitAs(world, "bob", Seeds("bobs", 20, 4)).ok());
  EXPECT_TRUE(SubmitAs(world, "alice", Seeds("first", 0, 3)).ok()) << "a resend adds none";
  ASSERT_TRUE(world.coordinator().Cancel("first").ok());
  EXPECT_TRUE(SubmitAs(world, "alice", Seeds("second", 10, 2)).ok());
  EXPECT_EQ(world.coordinator().Inconsistency(), "");
}

TEST(SeriesOfATrial, AnAttemptThatMeasuresTooManyFailsAndOthersGoOn) {
  CoordinatorWorld world;
  world.options.max_series_per_trial = 4;
  world.Restart();
  ASSERT_TRUE(world.Submit("s").ok());
  const auto answer = world.Call("w", 2);
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->start.size(), 2u);
  const AttemptName greedy = answer->start[0].name;
  const AttemptName modest = answer->start[1].name;
  EXPECT_TRUE(world.Push(greedy, {Step(0, 7)})->taken());
  StepPoints many = Step(10, 7);
  for (int layer = 0; layer < 5; ++layer) many.points.push_back({{"kurtosis", layer, "mlp"}, 1.0});
  EXPECT_TRUE(world.Push(greedy, {many})->fenced);
  EXPECT_TRUE(world.Push(modest, {Step(0, 7)})->taken());
  const TrialRow failed = world.Stored(greedy.trial_id);
  EXPECT_EQ(failed.state, TrialState::kFailed);
  EXPECT_THAT(failed.failure_message, HasSubstr("more than the 4 series"));
  const auto next = world.Call("w", 2, {{.name = greedy, .step = 10}, {.name = modest, .step = 10}});
  ASSERT_TRUE(next.ok());
  EXPECT_THAT(next->forget, ElementsAre(greedy));
  EXPECT_EQ(world.Stored(modest.trial_id).state, TrialState::kRunning);
  EXPECT_EQ(world.coordinator().Inconsistency(), "");
}

std::vector<std::string> KeysOf(const google::protobuf::Message& request) {
  std::vector<Problem> problems;
  CheckBounds(request, problems);
  std::vector<std::string> keys;
  for (const Problem& problem : problems) keys.push_back(problem.key);
  return keys;
}

TEST(MessageBounds, TextsAndListsThatAreTooLongAreNamedByTheirPlaces) {
  v1::SynchronizeRequest request;
  request.set_worker_id("w");
  auto& attempt = *request.add_attempts();
  attempt.set_trial_id("a");
  EXPECT_THAT(KeysOf(request), IsEmpty());
  request.set_host(std::string(1025, 'h'));
  for (int i = 0; i < 65; ++i) request.add_devices()->set_kind("cpu");
  for (int i = 0; i < 101; ++i) (*attempt.mutable_begun()->mutable_left_out())[absl::StrCat("reason", i)] = 1;
  attempt.mutable_ended()->set_failure_message(std::string(1 << 20, 'x'));
  EXPECT_THAT(KeysOf(request), ElementsAre("host", "devices", "attempts[0].begun.left_out"));
}

TEST(MessageBounds, WhatASpecificationHoldsIsForItsReader) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(std::string(1 << 20, 'y'));
  EXPECT_THAT(KeysOf(request), IsEmpty());
  request.mutable_yaml()->set_file_name(std::string(5000, '/'));
  EXPECT_THAT(KeysOf(request), ElementsAre("yaml.file_name"));
}

}  // namespace
}  // namespace ofsweep
